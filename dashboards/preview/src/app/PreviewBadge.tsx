/** Says what this is, so that nobody takes it for what it is not. */

import { Badge, Tooltip } from '@grafana/ui';

import { VERSIONS, type About } from './about';

export function PreviewBadge({ about }: { about?: About }) {
  const versions = Object.entries(VERSIONS).map(([name, version]) => `${name} ${version}`);
  const content = (
    <>
      <p>Drawn from the same JSON that Grafana loads, with Grafana’s own open libraries, by featurewatch’s server. Looks like Grafana; is not Grafana: nothing can be edited here.</p>
      {about && <p>Data: {about.prometheus}</p>}
      <p>{versions.join(' · ')}</p>
    </>
  );
  return (
    <Tooltip content={content}>
      <span tabIndex={0} data-testid="preview-badge">
        <Badge color="blue" text={`Preview, not Grafana · @grafana/ui ${VERSIONS['@grafana/ui'] ?? ''}`} />
      </span>
    </Tooltip>
  );
}
