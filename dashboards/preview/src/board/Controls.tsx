/** The line below the header: variables, annotations, links to other dashboards. */

import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Dropdown, Menu, ToolbarButton, useStyles2, useTheme2 } from '@grafana/ui';

import { follow, go } from '../app/address';
import { boardHref, panelLinks } from '../panel/links';
import { VariableChoice } from '../variables/VariableChoice';
import type { Variable } from '../variables/resolve';
import { useShared } from './context';
import { DONE_COLOR } from '../query/responder';
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
  const theme = useTheme2();
  const turn = (name: string) => {
    const next = new Set(silenced);
    onSilence(next.delete(name) ? next : next.add(name));
  };
  const marks = (board.annotations?.list ?? [])
    .filter(({ hide, target, expr }) => !hide && Boolean(target?.expr ?? expr))
    .map(({ name, enable, iconColor }) => ({ name, shown: (enable ?? true) !== silenced.has(name), color: iconColor }));
  if (responder) {
    marks.push({ name: DONE, shown: !silenced.has(DONE), color: DONE_COLOR });
  }
  const told = `Marks: ${marks.filter(({ shown }) => shown).length} of ${marks.length}`;
  const marksMenu = (
    <Menu ariaLabel="What is marked behind the lines">
      {marks.map(({ name, shown, color }) => (
        <Menu.Item
          key={name}
          label={name}
          role="menuitemcheckbox"
          ariaChecked={shown}
          icon={shown ? 'eye' : 'eye-slash'}
          component={() => <span className={styles.swatch} style={{ background: theme.visualization.getColorByName(color ?? 'red') }} />}
          onClick={() => turn(name)}
        />
      ))}
    </Menu>
  );
  return (
    <div className={styles.line}>
      {variables
        .filter(({ model }) => model.hide !== 2 && model.type !== 'constant')
        .map((variable) => (
          <VariableChoice key={variable.model.name} variable={variable} onChange={(values) => change({ [`var-${variable.model.name}`]: values }, true)} />
        ))}
      {marks.length > 0 && (
        <Dropdown overlay={marksMenu} placement="bottom-start">
          <ToolbarButton icon="comment-alt" variant="canvas" tooltip="What is marked behind the lines" aria-label={`${told}, marked behind the lines`}>
            {told}
          </ToolbarButton>
        </Dropdown>
      )}
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
  swatch: css({ display: 'block', width: 24, height: 4, borderRadius: 2, marginTop: 4 }),
  line: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: theme.spacing(1), padding: theme.spacing(0, 0, 1) }),
  links: css({ marginLeft: 'auto', display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: theme.spacing(1.5) }),
  link: css({ color: theme.colors.text.link, '&:hover': { textDecoration: 'underline' } }),
});
