// State timeline and status history as plain SVG, with Grafana's colours, texts and legend.
import { dateTimeFormat, getFieldDisplayName } from '@grafana/data';
import { measureText, VizLayout, VizLegend } from '@grafana/ui';
import { scaleUtc } from 'd3-scale';

const FONT = 12;
const LARGEST = 24;
const AXIS = 24;
const DAY = 24 * 3600 * 1000;

export function Timeline(panel) {
  const { type, options, frames, timeRange, width, height } = panel;
  const merge = type === 'state-timeline' && options.mergeValues !== false;
  const rows = frames.flatMap((frame) => rowsOf(frame, frames, timeRange.to.valueOf(), merge));
  const { showLegend = true, placement = 'bottom' } = options.legend ?? {};
  const states = new Map(rows.flatMap(({ boxes }) => boxes.map(({ display }) => [display.text, display.color])));
  const items = [...states].map(([label, color]) => ({ label, color, yAxis: 1 }));
  const legend = <VizLayout.Legend placement={placement}><VizLegend {...{ placement, items }} displayMode="list" /></VizLayout.Legend>;
  return (
    <VizLayout width={width} height={height} legend={showLegend ? legend : null}>
      {(innerWidth, innerHeight) => <Chart {...panel} rows={rows} width={innerWidth} height={innerHeight} />}
    </VizLayout>
  );
}

function rowsOf(frame, frames, end, merge) {
  const time = frame.fields.find(({ type }) => type === 'time');
  const states = frame.fields.filter((field) => time && field !== time);
  return states.map((field) => ({ name: getFieldDisplayName(field, frame, frames), boxes: boxesOf(time, field, end, merge) }));
}

/** One box per sample, or per run of equal states; a hole longer than one step stays empty. */
function boxesOf(time, field, end, merge) {
  const boxes = [];
  time.values.forEach((from, i) => {
    const value = field.values[i];
    const to = Math.min(end, from + (time.config.interval ?? 60000));
    const last = boxes.at(-1);
    if (Number.isNaN(value) || to <= from) return;
    if (merge && last?.value === value && last.to === from) last.to = to;
    else boxes.push({ from, to, value, display: field.display(value) });
  });
  return boxes;
}

function Chart({ rows, type, width, height, options, fieldConfig, theme, timeRange, timeZone }) {
  const band = (height - AXIS) / rows.length;
  const widest = Math.max(...rows.map(({ name }) => measureText(name, FONT).width));
  // rows say their names as large as there is room for a third of the panel: on a wall they are read from afar
  const font = Math.max(FONT, Math.min(LARGEST, band / 2, (FONT * width) / 3 / widest));
  const left = 16 + (widest * font) / FONT;
  const x = scaleUtc([timeRange.from, timeRange.to], [left, width]).clamp(true);
  const format = timeRange.to - timeRange.from > DAY ? 'DD/MM HH:mm' : 'HH:mm';
  const bar = band * (options.rowHeight ?? 0.9);
  const label = { fontSize: FONT, fill: theme.colors.text.primary };
  const fillOpacity = (fieldConfig.defaults.custom.fillOpacity ?? 70) / 100;
  const shrink = type === 'status-history' ? options.colWidth ?? 0.9 : 1;
  const Box = ({ from, to, display, y }) => {
    const wide = Math.max(1, (x(to) - x(from)) * shrink);
    const named = { never: false, always: true }[options.showValue] ?? measureText(display.text, FONT).width + 8 < wide;
    return (
      <>
        <rect x={x(from)} y={y} width={wide} height={bar} fill={display.color} fillOpacity={fillOpacity} />
        {named && <text x={x(from) + 4} y={y + bar / 2 + FONT / 3} {...label}>{display.text}</text>}
      </>
    );
  };
  const Tick = ({ time }) => (
    <>
      <line x1={x(time)} x2={x(time)} y2={height - AXIS} stroke={theme.colors.border.weak} />
      <text x={x(time)} y={height - 6} textAnchor="middle" {...label}>{dateTimeFormat(time, { timeZone, format })}</text>
    </>
  );
  const Row = ({ name, boxes, top }) => (
    <>
      <text x={left - 8} y={top + band / 2 + font / 3} textAnchor="end" {...label} fontSize={font}>{name}</text>
      {boxes.map((box) => <Box key={box.from} {...box} y={top + (band - bar) / 2} />)}
    </>
  );
  return (
    <svg width={width} height={height}>
      {x.ticks((width - left) / 90).filter((time) => x(time) < width - 20).map((time) => <Tick key={time} time={time} />)}
      {rows.map((row, i) => <Row key={row.name} {...row} top={i * band} />)}
    </svg>
  );
}
