// Panels drawn by Grafana's own components; the gauge, which npm does not carry, is our own.
import { getDisplayValueAlignmentFactors, getFieldDisplayValues, renderTextPanelMarkdown, textUtil } from '@grafana/data';
import { BarGauge, BigValue, TimeSeries, VizRepeater } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import { useLayoutEffect, useRef } from 'react';
import { aside, styled } from './html.js';

/** One small picture per reduced value, spread over the panel the way Grafana does it. */
function Repeated({ panel, render, sparkline, ...layout }) {
  const { fieldConfig, frames, theme, timeZone, replaceVariables, options, width, height, reading } = panel;
  const reduceOptions = { calcs: ['lastNotNull'], values: false, ...options.reduceOptions };
  const request = { fieldConfig, reduceOptions, data: frames, theme, timeZone, replaceVariables, sparkline };
  const source = { source: frames, getValues: () => getFieldDisplayValues(request), renderCounter: reading };
  const look = { renderValue: render, getAlignmentFactors: getDisplayValueAlignmentFactors, orientation: options.orientation ?? 'auto' };
  return <VizRepeater {...source} {...look} {...layout} width={width} height={height} />;
}

export function Stat(panel) {
  const { graphMode = 'area', colorMode = 'value', justifyMode = 'auto', textMode = 'auto', wideLayout = true, text } = panel.options;
  const look = { graphMode, colorMode, justifyMode, textMode, text, disableWideLayout: !wideLayout, theme: panel.theme };
  const render = ({ value, orientation, ...place }) => <BigValue {...look} {...place} value={value.display} sparkline={value.sparkline} />;
  return <Repeated panel={panel} render={render} sparkline={graphMode !== 'none'} itemSpacing={3} autoGrid />;
}

export function BarGaugePanel(panel) {
  const { displayMode = 'gradient', showUnfilled = true, valueMode = 'color', namePlacement = 'auto', text } = panel.options;
  const { minVizWidth = 8, minVizHeight = 16, maxVizHeight = 300, orientation = 'auto' } = panel.options;
  const spacing = { itemSpacing: displayMode === 'lcd' ? 2 : 10, lcdCellWidth: 12 };
  const look = { displayMode, showUnfilled, valueDisplayMode: valueMode, namePlacement, text, theme: panel.theme, ...spacing };
  const render = ({ value, count, ...place }) => (
    <BarGauge {...look} {...place} value={value.display} field={value.field} display={value.view?.getFieldDisplayProcessor(value.colIndex)} />
  );
  const direction = orientation !== 'auto' ? orientation : panel.width > panel.height ? 'vertical' : 'horizontal';
  const layout = { orientation: direction, itemSpacing: 10, minVizWidth, minVizHeight, maxVizHeight };
  return <Repeated panel={panel} render={render} {...layout} />;
}

export function Gauge(panel) {
  const render = ({ value, width, height, count }) => <Dial {...value} {...{ width, height }} named={count > 1} theme={panel.theme} />;
  return <Repeated panel={panel} render={render} autoGrid />;
}

/** A ring of 240 degrees, filled to the value's share of min..max. */
function Dial({ display, field: { min = 0, max = 100 }, width, height, named, theme }) {
  const radius = Math.min(width / 2, height / 1.7) * 0.8;
  const [x, y] = [width / 2, height / 2 + radius * 0.2];
  const share = Math.min(1, Math.max(0, (display.numeric - min) / (max - min)));
  const text = [display.prefix, display.text, display.suffix].join('');
  const ring = { cx: x, cy: y, r: radius, fill: 'none', strokeWidth: radius * 0.25, pathLength: 360, transform: `rotate(150 ${x} ${y})` };
  const label = { x, textAnchor: 'middle' };
  return (
    <svg width={width} height={height}>
      <circle {...ring} stroke={theme.colors.background.secondary} strokeDasharray="240 120" />
      {share > 0 && <circle {...ring} stroke={display.color} strokeDasharray={`${240 * share} 360`} />}
      <text {...label} y={y + radius * 0.15} fontSize={Math.min(radius * 0.5, (radius * 2.4) / text.length)} fill={display.color}>{text}</text>
      {named && <text {...label} y={y + radius * 0.85} fontSize={14} fill={theme.colors.text.primary}>{display.title}</text>}
    </svg>
  );
}

export function TimeSeriesPanel({ frames, options, width, height, timeRange, timeZone }) {
  const legend = { showLegend: true, displayMode: 'list', placement: 'bottom', calcs: [], ...options.legend };
  const finite = (value) => (Number.isFinite(value) ? value : null);
  const graphable = (field) => (field.type === 'number' ? { ...field, values: field.values.map(finite) } : field);
  const lines = frames.map((frame) => ({ ...frame, fields: frame.fields.map(graphable) }));
  return <TimeSeries {...{ width, height, timeRange, timeZone, legend, options }} frames={lines} />;
}

export function TablePanel({ frames, options, width, height, fieldConfig, timeRange, reading }) {
  const { showHeader = true, cellHeight = 'sm', sortBy, enablePagination } = options;
  const look = { fieldConfig, timeRange, cellHeight, sortBy, enablePagination, noHeader: !showHeader, structureRev: reading };
  return <TableNG {...look} {...{ width, height }} data={frames[0]} />;
}

export function TextPanel({ options, width, height, replaceVariables }) {
  const modes = {
    html: (text) => textUtil.sanitize(aside(text)),
    code: (text) => `<pre>${textUtil.escapeHtml(text)}</pre>`,
    markdown: (text) => aside(renderTextPanelMarkdown(text)),
  };
  const html = modes[options.mode ?? 'markdown'](replaceVariables(options.content ?? ''));
  const place = useRef(null);
  useLayoutEffect(() => place.current.replaceChildren(...styled(html)), [html]);
  return <div ref={place} className="markdown-html" style={{ width, height, overflow: 'hidden' }} />;
}
