// Runs the queries of panels into plain data frames.
import { LAYOUT } from './layout.js';
import { json } from './prometheus.js';
import { absolute, steps } from './range.js';
import { constant, interpolate } from './variables.js';
import { words } from './words.js';

/** Runs one panel's targets; what fails is kept beside what worked. */
export async function runPanel(panel, context) {
  const range = panel.timeFrom ? absolute({ from: `now-${panel.timeFrom}` }, context.now) : context.range;
  const result = { panel, range, frames: [], errors: [], series: 0, silent: ['row', 'text'].includes(panel.type) };
  const targets = result.silent ? [] : (panel.targets ?? []).filter((target) => !target.hide);
  const tables = targets.filter((target) => target.format === 'table').length;
  for (const target of targets) {
    try {
      const frames = await runTarget(target, { ...context, panel, range, tables });
      result.frames.push(...frames);
      result.series += frames.reduce((sum, frame) => sum + (frame.rows ?? 1), 0);
    } catch (error) {
      result.errors.push(`${words.query(target.refId)}: ${error.message}`);
    }
  }
  return result;
}

async function runTarget(target, { panel, range, tables, scope, prometheus, columnWidth, scrapeInterval }) {
  if (target.expr === undefined) throw new Error('only Prometheus queries are supported');
  const points = panel.maxDataPoints ?? panel.gridPos.w * columnWidth - LAYOUT.gap;
  const { step, rate } = steps(range, points, target.interval || panel.interval, scrapeInterval);
  const query = interpolate(target.expr, { ...scope, ...builtins(range, step, rate) });
  const frames = [];
  if (target.range || !target.instant) {
    const aligned = (time) => Math.floor(time / step) * step;
    const { result } = await prometheus.range(query, aligned(range.from), aligned(range.to), step);
    frames.push(...result.map((series) => seriesFrame(series, target, query, step)));
  }
  if (target.instant) {
    const vector = samples(await prometheus.instant(query, range.to));
    const table = target.format === 'table' && vector.length > 0;
    frames.push(...(table ? [tableFrame(vector, target, tables)] : vector.map((series) => seriesFrame(series, target, query))));
  }
  return frames;
}

const samples = ({ resultType, result }) =>
  (resultType === 'scalar' ? [{ metric: {}, value: result }] : result).map(({ metric, value }) => ({ metric, values: [value] }));

function builtins({ from, to }, step, rate) {
  const duration = (ms) => (ms % 1000 ? `${ms}ms` : `${ms / 1000}s`);
  const seconds = Math.round((to - from) / 1000);
  const values = {
    __interval: duration(step), __interval_ms: step, __rate_interval: duration(rate), __rate_interval_ms: rate,
    __range: `${seconds}s`, __range_s: seconds, __range_ms: to - from, __from: from, __to: to,
  };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, constant(String(value))]));
}

function seriesFrame({ metric, values }, target, query, step) {
  const { __name__, ...labels } = metric;
  const config = { displayNameFromDS: legend(metric, target.legendFormat, query) };
  return frame(target, [
    { name: 'Time', type: 'time', config: { interval: step }, values: values.map(([time]) => time * 1000) },
    { name: 'Value', type: 'number', labels, config, values: values.map(([, value]) => value) },
  ]);
}

function tableFrame(vector, target, tables) {
  const labels = [...new Set(vector.flatMap(({ metric }) => Object.keys(metric)))].sort();
  const cells = (name, type, read) => ({ name, type, config: {}, values: vector.map(read) });
  const fields = [
    cells('Time', 'time', ({ values }) => values[0][0] * 1000),
    ...labels.map((label) => cells(label, 'string', ({ metric }) => metric[label] ?? '')),
    cells(tables > 1 ? `Value #${target.refId}` : 'Value', 'number', ({ values }) => values[0][1]),
  ];
  return { ...frame(target, fields), rows: vector.length };
}

const frame = ({ refId }, fields) => ({ refId, fields });

/** The series name Prometheus gives Grafana; none at all leaves it to Grafana ("__auto"). */
function legend({ __name__ = '', ...labels }, format, query) {
  const pairs = Object.entries(labels);
  if (format && format !== '__auto') return format.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, label) => ({ __name__, ...labels })[label] ?? '');
  if (!pairs.length) return __name__ || query;
  return format ? undefined : `${__name__}{${pairs.map(([key, value]) => `${key}="${value}"`).join(', ')}}`;
}

const maps = {};

/** Loads the GeoJSON files that geomap layers name, by base name; each is fetched once. */
export async function loadMaps(results, signal) {
  for (const { panel, errors } of results.filter((result) => result.panel.type === 'geomap')) {
    const urls = (panel.options?.layers ?? []).flatMap(({ config, location }) => [config?.src, location?.gazetteer]);
    for (const name of new Set(urls.filter(Boolean).map((url) => url.split('/').pop()))) {
      maps[name] ??= await json(`/maps/${name}`, signal).then((map) => (map.features ? map : void errors.push(`map ${name}: ${map.error ?? 'not GeoJSON'}`)));
    }
  }
  return maps;
}
