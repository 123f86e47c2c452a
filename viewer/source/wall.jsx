// The grid of panels in Grafana's chrome.
import { Component } from 'react';
import { dateTime } from '@grafana/data';
import { PanelChrome } from '@grafana/ui';
import { Geomap } from './geomap.jsx';
import { BarGaugePanel, Gauge, Stat, TablePanel, TextPanel, TimeSeriesPanel } from './panels.jsx';
import { UNKNOWN } from './theme.js';
import { Timeline } from './timeline.jsx';
import { words } from './words.js';

const PANELS = {
  stat: Stat, timeseries: TimeSeriesPanel, table: TablePanel, bargauge: BarGaugePanel, gauge: Gauge, text: TextPanel, geomap: Geomap,
  'state-timeline': Timeline, 'status-history': Timeline, row: Row,
};
const NEED_FRAMES = ['timeseries', 'table', 'state-timeline', 'status-history'];
export const DRAWN = Object.keys(PANELS);

export function Grid({ cells, layout, reading }) {
  return (
    <div style={{ position: 'absolute', top: layout.top, left: layout.left }}>
      {cells.map((cell, i) => <Cell key={cell.panel.id ?? i} {...cell} layout={layout} reading={reading} />)}
    </div>
  );
}

function Cell(cell) {
  const { panel, errors, layout: { columnWidth, gap, line }, replaceVariables } = cell;
  const { x, y, w, h } = panel.gridPos;
  const size = { width: w * columnWidth - gap, height: h * line - gap };
  const heading = replaceVariables(panel.title ?? '');
  const chrome = {
    ...size, title: heading, hoverHeader: !heading, description: panel.description,
    displayMode: panel.transparent ? 'transparent' : 'default', padding: panel.type === 'geomap' ? 'none' : 'md',
    ...(errors.length && { statusMessage: errors.join('\n') }),
  };
  const draw = (width, height) => <Guard {...cell} {...{ width, height }}><Body {...cell} {...{ width, height }} /></Guard>;
  const place = { position: 'absolute', left: x * columnWidth, top: y * line, ...size };
  return <div style={place}>{panel.type === 'row' ? <Row heading={heading} collapsed={panel.collapsed} /> : <PanelChrome {...chrome}>{draw}</PanelChrome>}</div>;
}

function Row({ heading, collapsed }) {
  return <h5 style={{ lineHeight: '30px' }}>{collapsed ? '›' : '⌄'} {heading}</h5>;
}

function Body(cell) {
  const { panel, frames, fieldConfig } = cell;
  const Panel = PANELS[panel.type];
  if (!Panel) return <Message {...cell} text={words.notDrawn(panel.type)} />;
  if (!frames.length && NEED_FRAMES.includes(panel.type)) return <Message {...cell} text={fieldConfig.defaults.noValue ?? words.noData} />;
  const timeRange = { from: dateTime(cell.range.from), to: dateTime(cell.range.to), raw: cell.range.raw };
  return <Panel {...cell} type={panel.type} options={panel.options ?? {}} timeRange={timeRange} />;
}

/** What is not known is grey and says so, large enough for a wall. */
function Message({ text, width, height }) {
  const fontSize = Math.max(12, Math.min(32, height / 3, width / text.length));
  return <div style={{ width, height, display: 'grid', placeItems: 'center', textAlign: 'center', fontSize, background: UNKNOWN, color: '#fff' }}>{text}</div>;
}

/** A panel that cannot be drawn says so in its own place; the others stay, and the next reading tries again. */
class Guard extends Component {
  state = {};

  static getDerivedStateFromProps({ reading }, state) {
    return reading === state.reading ? null : { reading, error: undefined };
  }

  static getDerivedStateFromError(error) {
    return { error };
  }

  componentDidCatch(error) {
    this.props.errors.push(`${words.drawing}: ${error.message}`);
  }

  render() {
    return this.state.error ? <Message {...this.props} text={this.state.error.message} /> : this.props.children;
  }
}
