// One reading of a wall: its file, its variables, every panel's numbers, ready to draw.
import { language } from './address.js';
import { prepareFrames } from './data.js';
import { LAYOUT, placed } from './layout.js';
import { json, prometheusUntil } from './prometheus.js';
import { loadMaps, runPanel } from './queries.js';
import { absolute } from './range.js';
import { interpolate, resolveVariables } from './variables.js';
import { DRAWN } from './wall.jsx';

/** A reading that takes longer is given up: its panels say so, rather than show what was true before. */
export const LONGEST = 6000;

/** Reads a wall as of the server's present; what a query could not answer is an error of its panel, never an old number. */
export async function readWall(uid, { from, to, variables, width }, theme) {
  const signal = AbortSignal.timeout(LONGEST);
  const prometheus = prometheusUntil(signal);
  const { dashboard, error, scrapeInterval, base, languages, now } = await json(`/api/dashboards/${encodeURIComponent(uid)}?lang=${language}`, signal);
  if (!dashboard) throw new Error(error);
  const range = absolute({ ...dashboard.time, ...(from && { from }), ...(to && { to }) }, now);
  const { scope, notes } = await resolveVariables(dashboard.templating?.list ?? [], variables, prometheus, range);
  const columnWidth = (width - 2 * LAYOUT.padding + LAYOUT.gap) / LAYOUT.columns;
  const panels = placed(dashboard.panels);
  const context = { scope, prometheus, range, now, columnWidth, scrapeInterval };
  const results = await Promise.all(panels.map((panel) => runPanel(panel, context)));
  const shared = { theme, timeZone: dashboard.timezone || 'browser', replaceVariables: (text) => interpolate(text, scope, 'text'), maps: await loadMaps(results, signal) };
  const cells = await Promise.all(results.map(async (result) => ({ ...shared, ...result, ...(await prepareFrames(result, shared)) })));
  return { dashboard, base, languages, scope, cells, notes: [...notes, ...panelNotes(panels, dashboard.panels)], at: now };
}

function panelNotes(panels, written) {
  const about = (list, text) => list.map(({ id, type, title }) => `panel ${id} (${type}) "${title ?? ''}" ${text}`);
  return [
    ...about(panels.filter(({ type }) => !DRAWN.includes(type)), 'is not drawn: its type is not known here'),
    ...about(written.filter(({ gridPos }) => gridPos.x + gridPos.w > LAYOUT.columns), 'crosses the right edge of the grid'),
    ...about(panels.filter(({ repeat }) => repeat), 'repeats, which is not supported: drawn once'),
  ];
}
