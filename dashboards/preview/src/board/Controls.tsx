/** The line below the header: variables, annotations, links to other dashboards. */

import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Dropdown, InlineSwitch, Menu, ToolbarButton, useStyles2 } from '@grafana/ui';

import { follow, go } from '../app/address';
import { boardHref, panelLinks } from '../panel/links';
import { VariableChoice } from '../variables/VariableChoice';
import type { Variable } from '../variables/resolve';
import { useShared } from './context';
import { DONE } from './useHappenings';
import type { Board, BoardEntry, LinkModel } from './model';

interface ControlsProps {
  board: Board;
  boards: BoardEntry[];
  variables: Variable[];
  change: (changes: Record<string, string | string[] | null>, step?: boolean) => void;
  silenced: ReadonlySet<string>;
  onSilence: (names: ReadonlySet<string>) => void;
}

export function Controls({ board, boards, variables, change, silenced, onSilence }: ControlsProps) {
  const styles = useStyles2(stylesOf);
  const { responder } = useShared();
  const turn = (name: string) => {
    const next = new Set(silenced);
    onSilence(next.delete(name) ? next : next.add(name));
  };
  return (
    <div className={styles.line}>
      {variables
        .filter(({ model }) => model.hide !== 2 && model.type !== 'constant')
        .map((variable) => (
          <VariableChoice key={variable.model.name} variable={variable} onChange={(values) => change({ [`var-${variable.model.name}`]: values }, true)} />
        ))}
      {(board.annotations?.list ?? [])
        .filter(({ hide, target, expr }) => !hide && Boolean(target?.expr ?? expr))
        .map(({ name, enable }) => (
          <InlineSwitch key={name} id={`annotation-${name}`} label={name} showLabel value={(enable ?? true) !== silenced.has(name)} onChange={() => turn(name)} />
        ))}
      {responder && <InlineSwitch id="annotation-responder" label={DONE} showLabel value={!silenced.has(DONE)} onChange={() => turn(DONE)} />}
      <nav className={styles.links} aria-label="Other dashboards">
        {(board.links ?? []).map((link) => (
          <BoardLink key={link.title} link={link} board={board} boards={boards} />
        ))}
      </nav>
    </div>
  );
}

function BoardLink({ link, board, boards }: { link: LinkModel; board: Board; boards: BoardEntry[] }) {
  const styles = useStyles2(stylesOf);
  const { carried, scope } = useShared();
  if (link.type !== 'dashboards') {
    return panelLinks([link], scope, carried).map(({ title, href, beside }) => (
      <a key={href} href={href} className={styles.link} {...(beside ? { target: '_blank', rel: 'noreferrer' } : { onClick: (event: React.MouseEvent<HTMLElement>) => follow(event, href) })}>
        {title}
      </a>
    ));
  }
  const others = boards.filter(({ uid, tags }) => uid !== board.uid && (link.tags ?? []).every((tag) => tags.includes(tag)));
  if (others.length === 0) {
    return null;
  }
  if (!link.asDropdown) {
    return others.map(({ uid, title }) => {
      const href = boardHref(uid, link, carried);
      return (
        <a key={uid} href={href} className={styles.link} onClick={(event) => follow(event, href)}>
          {title}
        </a>
      );
    });
  }
  const menu = (
    <Menu>
      {others.map(({ uid, title, description }) => (
        <Menu.Item key={uid} label={title} description={description} onClick={() => go(boardHref(uid, link, carried))} />
      ))}
    </Menu>
  );
  return (
    <Dropdown overlay={menu} placement="bottom-end">
      <ToolbarButton icon="apps" variant="canvas">
        {link.title}
      </ToolbarButton>
    </Dropdown>
  );
}

const stylesOf = (theme: GrafanaTheme2) => ({
  line: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: theme.spacing(1), padding: theme.spacing(0, 0, 1) }),
  links: css({ marginLeft: 'auto', display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: theme.spacing(1.5) }),
  link: css({ color: theme.colors.text.link, '&:hover': { textDecoration: 'underline' } }),
});
