// JSON Schemas from the types of @grafana/schema: `npm ci && npm run make` writes them, `npm run check` compares.
// Grafana publishes its types only; the schemas are committed, so that checking a dashboard needs no Node.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createGenerator } from 'ts-json-schema-generator';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const OUT = here('../../exporters/featurewatch/dashboards/check/grafana-schema.json');
const TYPES = here('node_modules/@grafana/schema/dist/types/raw/');
const VERSION = JSON.parse(readFileSync(here('node_modules/@grafana/schema/package.json'), 'utf8')).version;

// Name of the panel in a dashboard -> name of its folder of types.
const PANELS = {
  barchart: 'barchart',
  bargauge: 'bargauge',
  gauge: 'gauge',
  heatmap: 'heatmap',
  histogram: 'histogram',
  piechart: 'piechart',
  stat: 'stat',
  'state-timeline': 'statetimeline',
  table: 'table',
  text: 'text',
  timeseries: 'timeseries',
};

/** The schema of `type` in `path`. Comments are left out: nothing checks them. */
function schemaOf(path, type) {
  const generator = createGenerator({
    path: TYPES + path,
    type,
    tsconfig: here('tsconfig.json'),
    additionalProperties: false,
    expose: 'all',
    jsDoc: 'none',
    skipTypeCheck: true,
    topRef: false,
  });
  const { $schema, definitions: found = {}, ...itself } = generator.createSchema(type);
  widen(found);
  return { $schema, ...itself, definitions: found };
}

/** Where Grafana's types say less than Grafana reads, and what it reads instead. */
function widen(definitions) {
  const { AnnotationQuery, AnnotationTarget, DashboardLink } = definitions;
  if (AnnotationTarget) {
    // Said of Grafana's own annotations only; the target is a query of whatever datasource is asked.
    definitions.AnnotationTarget = { type: 'object' };
  }
  if (AnnotationQuery) {
    // How Prometheus' answer is worded; its plugin reads them, and is not in the types.
    for (const key of ['tagKeys', 'textFormat', 'titleFormat']) {
      AnnotationQuery.properties[key] = { type: 'string' };
    }
  }
  if (DashboardLink) {
    // A panel's links are links of data: all else has a default.
    DashboardLink.required = ['title'];
  }
}

const hasFieldConfig = (folder) =>
  /interface FieldConfig\b/.test(readFileSync(`${TYPES}composable/${folder}/panelcfg/x/types.gen.d.ts`, 'utf8'));

const schemas = {};
for (const type of ['Dashboard', 'Panel', 'RowPanel']) {
  schemas[type] = schemaOf('dashboard/x/types.gen.d.ts', type);
}
for (const [panel, folder] of Object.entries(PANELS)) {
  const types = hasFieldConfig(folder) ? ['Options', 'FieldConfig'] : ['Options'];
  for (const type of types) {
    schemas[`${panel} ${type}`] = schemaOf(`composable/${folder}/panelcfg/x/types.gen.d.ts`, type);
  }
}

const sorted = (value) =>
  Array.isArray(value)
    ? value.map(sorted)
    : value && typeof value === 'object'
      ? Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]))
      : value;

const from = `@grafana/schema ${VERSION}, by \`npm run make\` in dashboards/schema`;
// One line for each type: a change of version shows which of them changed.
const lines = Object.keys(schemas)
  .sort()
  .map((name) => `${JSON.stringify(name)}: ${JSON.stringify(sorted(schemas[name]))}`);
const text = `{"from": ${JSON.stringify(from)},\n"schemas": {\n${lines.join(',\n')}\n}}\n`;

if (process.argv.includes('--check')) {
  if (readFileSync(OUT, 'utf8') !== text) {
    console.error(`${OUT} is not what @grafana/schema ${VERSION} makes; run \`npm run make\``);
    process.exit(1);
  }
} else {
  writeFileSync(OUT, text);
}
