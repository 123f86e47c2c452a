// One wall that reads itself again and again, and covers itself when it cannot vouch for its numbers.
import { useEffect, useState } from 'react';
import { dateTimeFormat, rangeUtil } from '@grafana/data';
import { ask, askedVariables, has, remember, uid } from './address.js';
import { nextFrame } from './frames.js';
import { Header, HEADER } from './header.jsx';
import { layoutFor } from './layout.js';
import { LONGEST, readWall } from './live.js';
import { alive } from './prometheus.js';
import { colours, theme, UNKNOWN } from './theme.js';
import { Grid } from './wall.jsx';
import { words } from './words.js';

const FASTEST = 1000;
const PULSE = 1500;
const SLACK = 4000;

export function Live() {
  const size = useWindowSize();
  const [chosen, choose] = useState(askedVariables);
  const [{ wall, failure, reading, until }, set] = useState({ reading: 0 });
  const [trouble, report] = useState('');
  const silent = Boolean(trouble);
  useEffect(() => (silent ? undefined : repeat(() => readWall(uid, asked(chosen), theme), set)), [chosen, silent]);
  useEffect(() => watch(until, report), [until]);
  // covered until the next good reading, not only until the trouble is over: what stands below is old
  useEffect(() => void (trouble && set((before) => ({ ...before, failure: trouble }))), [trouble]);
  useEffect(() => void ((reading || failure) && nextFrame().then(() => tell(wall, failure, size))), [reading, failure]);
  useEffect(() => void (wall && (document.title = wall.dashboard.title)), [wall]);
  const pick = (name, values) => choose(remember({ ...chosen, [name]: values }));
  return (
    <div style={{ position: 'absolute', inset: 0, overflow: 'auto', ...colours }}>
      {wall && !has('kiosk') && <Header wall={wall} pick={pick} />}
      {wall && <Grid cells={wall.cells} layout={layoutOf(wall, size)} reading={reading} />}
      {wall && <Notes notes={wall.notes} />}
      {!wall && !failure && <p style={{ padding: 32 }}>{words.loading}</p>}
      {failure && <Lost reason={failure} wall={wall} />}
      <div style={{ position: 'fixed', right: 0, bottom: 0, padding: '1px 8px', fontSize: 12, background: '#FF9830', color: '#000' }}>{words.origin}</div>
    </div>
  );
}

/** Runs "read" now and then every refresh interval; a slow reading delays the next one, none overlaps. */
function repeat(read, set) {
  let timer;
  let left = false;
  const round = async () => {
    const started = performance.now();
    const next = await read().then((wall) => ({ wall, failure: undefined }), (error) => ({ failure: error.message }));
    if (left) return;
    const every = pace(next.wall?.dashboard.refresh);
    const until = every ? performance.now() + every + LONGEST + SLACK : Infinity;
    set((before) => ({ ...before, ...next, until, reading: before.reading + 1 }));
    if (every) timer = setTimeout(round, Math.max(FASTEST, every - (performance.now() - started)));
  };
  round();
  return () => {
    left = true;
    clearTimeout(timer);
  };
}

/** Feels the pulse of Prometheus between readings, so that a hung one covers the wall whatever the pace of the wall. */
function watch(until = Infinity, report) {
  let timer;
  let left = false;
  const feel = async () => {
    const trouble = await alive().then(() => '', ({ message }) => message);
    if (left) return;
    report(trouble || (performance.now() > until ? words.old : ''));
    timer = setTimeout(feel, PULSE);
  };
  timer = setTimeout(feel, PULSE);
  const wake = () => void (document.hidden || (performance.now() > until && report(words.old)));
  document.addEventListener('visibilitychange', wake);
  return () => {
    left = true;
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', wake);
  };
}

function pace(saved) {
  const wanted = ask('refresh') ?? (saved || '5s');
  return wanted === 'off' ? 0 : Math.max(FASTEST, rangeUtil.intervalToMs(wanted));
}

const asked = (chosen) => ({ from: ask('from'), to: ask('to'), variables: chosen, width: document.documentElement.clientWidth });

const layoutOf = (wall, size) => layoutFor(size, wall.cells.map(({ panel }) => panel), has('kiosk') ? 16 : HEADER + 8, has('autofitpanels'));

/** Leaves for tests and pictures what this reading found. */
function tell(wall, failure, size) {
  const results = wall?.cells.map(({ panel: { id, type, title }, series, silent, errors }) => ({ id, type, title, series, silent, errors }));
  window.drawn = { failure, results, notes: wall?.notes, at: wall?.at, needs: wall && layoutOf(wall, size).needs };
}

/** What is amiss with the wall as a whole; panels carry their own errors. */
function Notes({ notes }) {
  const style = { position: 'fixed', left: 0, bottom: 0, padding: '1px 8px', fontSize: 12, background: theme.colors.error.main, color: '#fff' };
  return notes.length > 0 && <div style={style}>{notes.join(' · ')}</div>;
}

/** Nothing old is shown: what cannot be read again is covered. */
function Lost({ reason, wall }) {
  const style = { position: 'fixed', zIndex: 2, inset: 0, display: 'grid', placeContent: 'center', gap: 16, textAlign: 'center', background: UNKNOWN, color: '#fff' };
  const last = wall && dateTimeFormat(wall.at, { timeZone: wall.dashboard.timezone, format: 'HH:mm:ss DD/MM/YYYY' });
  return (
    <div style={style} role="alert">
      {wall && <div style={{ fontSize: 48 }}>{wall.dashboard.title}</div>}
      <h1 style={{ fontSize: 120, color: '#fff' }}>{words.lost}</h1>
      <div style={{ fontSize: 48 }}>{reason}</div>
      <div style={{ fontSize: 32 }}>{words.hidden}</div>
      {last && <div style={{ fontSize: 32 }}>{words.last}: {last}</div>}
    </div>
  );
}

function useWindowSize() {
  const read = () => ({ width: document.documentElement.clientWidth, height: window.innerHeight });
  const [size, set] = useState(read);
  useEffect(() => {
    const changed = () => set(read());
    window.addEventListener('resize', changed);
    return () => window.removeEventListener('resize', changed);
  }, []);
  return size;
}
