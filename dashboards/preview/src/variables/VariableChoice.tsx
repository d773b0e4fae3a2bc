/** One variable: its name, and what it can be. */

import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Combobox, Input, MultiCombobox, useStyles2 } from '@grafana/ui';
import { useState } from 'react';

import { ALL, type Variable } from './resolve';

export function VariableChoice({ variable, onChange }: { variable: Variable; onChange: (values: string[]) => void }) {
  const styles = useStyles2(stylesOf);
  const { model, options } = variable;
  const id = `variable-${model.name}`;
  return (
    <div className={styles.one}>
      {model.hide !== 1 && (
        <label htmlFor={id} className={styles.label}>
          {model.label || model.name}
        </label>
      )}
      {model.type === 'textbox' ? <Typed id={id} variable={variable} onChange={onChange} /> : <Chosen id={id} variable={variable} options={options} onChange={onChange} />}
    </div>
  );
}

interface ChoiceProps {
  id: string;
  variable: Variable;
  onChange: (values: string[]) => void;
}

function Chosen({ id, variable, options, onChange }: ChoiceProps & { options: string[] }) {
  const { model, address } = variable;
  const every = model.includeAll ? [{ value: ALL, label: 'All' }] : [];
  const listed = [...every, ...options.map((value) => ({ value, label: value }))];
  if (!model.multi) {
    return <Combobox id={id} options={listed} value={address[0] ?? null} width="auto" minWidth={12} maxWidth={40} disabled={listed.length < 2 && model.type === 'datasource'} onChange={({ value }) => onChange([value])} />;
  }
  return (
    <MultiCombobox
      id={id}
      options={listed}
      value={address}
      width="auto"
      minWidth={14}
      maxWidth={50}
      onChange={(chosen) => {
        const values = chosen.map(({ value }) => value);
        // "All" and single values exclude each other: what was chosen last counts.
        const all = values.includes(ALL) && (!address.includes(ALL) || values.length === 1);
        const single = values.filter((value) => value !== ALL);
        onChange(all || (single.length === 0 && model.includeAll) ? [ALL] : single);
      }}
    />
  );
}

function Typed({ id, variable, onChange }: ChoiceProps) {
  const [text, setText] = useState(variable.address[0] ?? '');
  return <Input id={id} value={text} width={20} onChange={(event) => setText(event.currentTarget.value)} onBlur={() => onChange([text])} onKeyDown={(event) => event.key === 'Enter' && onChange([text])} />;
}

const stylesOf = (theme: GrafanaTheme2) => ({
  one: css({ display: 'flex', alignItems: 'stretch' }),
  label: css({
    display: 'flex',
    alignItems: 'center',
    margin: 0,
    padding: theme.spacing(0, 1),
    fontSize: theme.typography.bodySmall.fontSize,
    fontWeight: theme.typography.fontWeightMedium,
    color: theme.colors.text.primary,
    background: theme.colors.background.primary,
    border: `1px solid ${theme.colors.border.weak}`,
    borderRight: 0,
    borderRadius: `${theme.shape.radius.default} 0 0 ${theme.shape.radius.default}`,
  }),
});
