/** One panel: its frame, title, menu, and whatever its data allow to show. */

import { LoadingState, renderMarkdown } from '@grafana/data';
import { Icon, Menu, PanelChrome, Tooltip } from '@grafana/ui';
import { memo, useMemo, useState } from 'react';

import { follow } from '../app/address';
import { useShared } from '../board/context';
import type { PanelModel } from '../board/model';
import { usePanelData, type PanelData } from '../query/usePanelData';
import { forReading, type Scope } from '../variables/interpolate';
import { Boundary } from './Boundary';
import { fieldConfigOf } from './fields';
import { KINDS } from './kinds';
import { panelLinks } from './links';
import { Queries } from './Queries';
import { Empty, Failed, Waiting } from './states';
import { useSeen } from './useSeen';

interface PanelProps {
  panel: PanelModel;
  /** The values that this one is repeated for. */
  own: Scope;
  width: number;
  height: number;
  alone: boolean;
  onView: (panel: number | null) => void;
}

export const Panel = memo(function Panel({ panel, own, width, height, alone, onView }: PanelProps) {
  const shared = useShared();
  const [ref, seen] = useSeen<HTMLDivElement>();
  const scope = useMemo(() => ({ ...shared.scope, ...own }), [shared.scope, own]);
  const kind = KINDS[panel.type];
  const data = usePanelData(panel, scope, width, seen && Boolean(kind) && !kind?.alone);
  const [asking, setAsking] = useState(false);
  const title = forReading(panel.title ?? '', scope);
  const description = panel.description ? renderMarkdown(forReading(panel.description, scope)) : undefined;
  const loading = data.loading && data.known ? LoadingState.Loading : LoadingState.Done;

  const menu = (
    <Menu ariaLabel={`Menu of ${title}`}>
      <Menu.Item label={alone ? 'Back to the dashboard' : 'Full screen'} icon={alone ? 'arrow-left' : 'eye'} shortcut="v" onClick={() => onView(alone ? null : panel.id)} />
      <Menu.Item label="Copy a link to it" icon="share-alt" onClick={() => shared.share(panel.id)} />
      {Boolean(panel.targets?.length) && <Menu.Item label="What was asked" icon="info-circle" onClick={() => setAsking(true)} />}
    </Menu>
  );

  return (
    <div
      ref={ref}
      data-panel={panel.id}
      data-panel-title={title}
      data-panel-type={panel.type}
      onKeyDown={(event) => {
        if (event.key === 'v' && !event.ctrlKey && !event.metaKey && (event.target as HTMLElement).tagName !== 'INPUT') {
          event.preventDefault();
          onView(alone ? null : panel.id);
        }
      }}
    >
      <PanelChrome
        width={width}
        height={height}
        title={title}
        description={description}
        displayMode={panel.transparent ? 'transparent' : 'default'}
        loadingState={loading}
        statusMessage={data.problem?.message}
        padding={kind?.tight ? 'none' : 'md'}
        menu={menu}
        titleItems={<PanelLinks panel={panel} scope={scope} />}
      >
        {(innerWidth, innerHeight) => (
          <Boundary of={data.frames}>
            <Content panel={panel} scope={scope} data={data} width={innerWidth} height={innerHeight} />
          </Boundary>
        )}
      </PanelChrome>
      {asking && <Queries title={title} exchanges={data.exchanges} onClose={() => setAsking(false)} />}
    </div>
  );
});

interface BodyProps {
  panel: PanelModel;
  scope: Scope;
  data: PanelData;
  width: number;
  height: number;
}

function Content({ panel, scope, data, width, height }: BodyProps) {
  const { range } = useShared();
  const kind = KINDS[panel.type];
  const fieldConfig = useMemo(() => fieldConfigOf(panel), [panel]);
  if (!kind) {
    return <Empty text={`The preview has no panel of type ${panel.type}`} />;
  }
  if (!kind.alone) {
    if (!data.known) {
      return <Waiting />;
    }
    if (data.problem) {
      return <Failed problem={data.problem} />;
    }
    const empty = kind.isEmpty ? kind.isEmpty(data) : data.frames.every(({ length }) => length === 0);
    const said = fieldConfig.defaults.noValue;
    if (empty && !(kind.saysNothing && said)) {
      return <Empty text={said ?? 'No data'} said={Boolean(said)} />;
    }
    return (
      <div data-state={empty ? 'empty' : 'shown'} data-said={Boolean(said)}>
        <kind.Content {...{ panel, fieldConfig, range, scope, width, height }} frames={data.frames} series={data.series} exemplars={data.exemplars} structure={data.structure} />
      </div>
    );
  }
  return <kind.Content {...{ panel, fieldConfig, range, scope, width, height }} frames={[]} series={[]} exemplars={[]} structure={1} />;
}

function PanelLinks({ panel, scope }: { panel: PanelModel; scope: Scope }) {
  const { carried } = useShared();
  return (
    <>
      {panelLinks(panel.links ?? [], scope, carried).map(({ title, href, beside }) => (
        <Tooltip key={href} content={title}>
          <a
            href={href}
            aria-label={title}
            style={{ padding: '0 4px' }}
            {...(beside ? { target: '_blank', rel: 'noreferrer' } : { onClick: (event: React.MouseEvent<HTMLElement>) => follow(event, href) })}
          >
            <Icon name="external-link-alt" />
          </a>
        </Tooltip>
      ))}
    </>
  );
}
