// From plain frames to Grafana data frames: transformations, field options, overrides.
import { applyFieldOverrides, cacheFieldDisplayNames, FieldConfigOptionsRegistry, toDataFrame, transformDataFrame } from '@grafana/data';
import { standardTransformers, standardTransformersRegistry } from '@grafana/data';
import { speak } from './formats.js';

const LINES = {
  drawStyle: 'line', lineWidth: 1, fillOpacity: 0, gradientMode: 'none', lineInterpolation: 'linear', showPoints: 'auto', pointSize: 5,
  spanNulls: false, axisPlacement: 'auto', axisLabel: '', scaleDistribution: { type: 'linear' }, stacking: { mode: 'none', group: 'A' },
  thresholdsStyle: { mode: 'off' }, barAlignment: 0, barWidthFactor: 0.6, hideFrom: { legend: false, tooltip: false, viz: false },
};
/** What Grafana's panels assume when the JSON is silent. */
const ASSUMED = {
  thresholds: { mode: 'absolute', steps: [{ value: null, color: 'green' }, { value: 80, color: 'red' }] },
  color: { timeseries: { mode: 'palette-classic' }, 'state-timeline': { mode: 'continuous-GrYlRd' } },
  custom: { timeseries: LINES, table: { align: 'auto', cellOptions: { type: 'auto' } } },
};
const onNumbers = (field) => field.type === 'number';
const APPLIES = { min: onNumbers, max: onNumbers, decimals: onNumbers, mappings: (field) => field.type !== 'time' };

standardTransformersRegistry.setInit(() => {
  const byId = new Map(Object.values(standardTransformers).map((transformer) => [transformer.id, transformer]));
  return [...byId.values()].map((transformer) => ({ id: transformer.id, name: transformer.name, transformation: () => transformer }));
});

/** Frames of one panel, ready for Grafana's components. */
export async function prepareFrames({ panel, frames }, { theme, timeZone, replaceVariables }) {
  const fieldConfig = completeFieldConfig(panel);
  const raw = frames.map((frame) => toDataFrame({ ...frame, fields: frame.fields.map(withNumbers) }));
  const transformed = await transform(raw, panel.transformations ?? [], replaceVariables);
  const options = { data: transformed, fieldConfig, fieldConfigRegistry: registryFor(fieldConfig), replaceVariables, theme, timeZone };
  const data = applyFieldOverrides(options);
  cacheFieldDisplayNames(data);
  data.forEach(({ fields }) => fields.forEach(speak));
  return { fieldConfig, frames: data };
}

/** Prometheus sends numbers as text, because JSON knows neither NaN nor infinity. */
function withNumbers(field) {
  if (field.type !== 'number') return field;
  return { ...field, values: field.values.map((text) => Number(text.replace('Inf', 'Infinity'))) };
}

function transform(frames, steps, interpolate) {
  const active = steps.filter((step) => !step.disabled);
  return new Promise((next, error) => transformDataFrame(active, frames, { interpolate }).subscribe({ next, error }));
}

function completeFieldConfig({ type, fieldConfig = {} }) {
  const { custom, ...defaults } = fieldConfig.defaults ?? {};
  const { thresholds, color } = ASSUMED;
  const own = { thresholds, color: color[type] ?? { mode: 'thresholds' }, ...defaults, custom: { ...ASSUMED.custom[type], ...custom } };
  return { defaults: withBaseStep(own), overrides: (fieldConfig.overrides ?? []).map(withBaseStep) };
}

/** The first threshold step is null in JSON and minus infinity in Grafana. */
function withBaseStep(value) {
  const lowest = (step) => ({ ...step, value: step.value ?? -Infinity });
  return JSON.parse(JSON.stringify(value), (key, inner) => (key === 'steps' ? inner.map(lowest) : inner));
}

/** A registry of exactly the field options this panel uses, each taken as it stands. */
function registryFor({ defaults, overrides }) {
  const { custom, ...standard } = defaults;
  const overridden = overrides.flatMap(({ properties }) => properties.map(({ id }) => id));
  const ids = new Set([...Object.keys(standard), ...Object.keys(custom).map((key) => `custom.${key}`), ...overridden]);
  const place = (id) => ({ path: id.replace('custom.', ''), isCustom: id.startsWith('custom.') });
  const item = (id) => ({ id, name: id, ...place(id), process: (value) => value, shouldApply: APPLIES[id] ?? (() => true) });
  return new FieldConfigOptionsRegistry(() => [...ids].map(item));
}
