// The list: every wall and feed dashboard of one language, with its address for a screen.
import { useEffect, useState } from 'react';
import { addressOf, language, listAddress, provenance } from './address.js';
import { json } from './prometheus.js';
import { colours, link, theme } from './theme.js';
import { words } from './words.js';

const SOURCES = ['real', 'replay', 'simulated'];

export function List() {
  const [walls, set] = useState();
  useEffect(() => {
    document.title = words.walls;
    json('/api/dashboards').then((all) => set(all.error ? [all] : all), ({ message }) => set([{ error: message }]));
  }, []);
  useEffect(() => void (walls && (window.listed = walls)), [walls]);
  const mine = walls?.filter((wall) => wall.error || wall.lang === language);
  const kinds = [...new Set(mine?.map(kindOf))].sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b));
  return (
    <div style={{ position: 'absolute', inset: 0, overflow: 'auto', padding: 32, ...colours }}>
      <p style={{ float: 'right' }}><a href={listAddress(language === 'en' ? 'vi' : 'en')} style={link}>{words.other}</a></p>
      <h1>{words.walls}</h1>
      <p>{words.provenance}: {SOURCES.map((source) => <Source key={source} source={source} />)}</p>
      {mine?.length === 0 && <p>{words.none}</p>}
      {kinds.map((kind) => <Section key={kind} kind={kind} walls={mine.filter((wall) => kindOf(wall) === kind)} />)}
      <p style={{ color: theme.colors.text.secondary }}>
        <strong>{words.origin}</strong><br />{words.about} <a href="/LICENSES.txt" style={link}>{words.licences}</a>
      </p>
    </div>
  );
}

const ORDER = ['wall', 'feed', 'others'];
const kindOf = ({ uid = '', tags = [] }) => (tags.includes('wall') || uid.startsWith('ioc-wall-') ? 'wall' : tags.includes('feed') ? 'feed' : 'others');

function Source({ source }) {
  const chosen = source === (provenance || 'real');
  return chosen ? <strong style={{ marginRight: 16 }}>{words[source]}</strong> : <a href={listAddress(language, source)} style={{ ...link, marginRight: 16 }}>{words[source]}</a>;
}

function Section({ kind, walls }) {
  return (
    <>
      <h3>{words[kind]}</h3>
      <ul style={{ margin: '8px 0 24px 24px', lineHeight: 2 }}>{walls.map((wall) => <Item key={wall.uid ?? wall.error} {...wall} />)}</ul>
    </>
  );
}

function Item({ uid, title, description, error }) {
  if (error) return <li style={{ color: theme.colors.error.text }}>{error}</li>;
  return (
    <li>
      <a href={addressOf(uid, { kiosk: false })} style={link}>{title}</a> · <a href={addressOf(uid, { kiosk: true })} style={link}>{words.kiosk}</a>
      {description && <span style={{ color: theme.colors.text.secondary }}> · {description}</span>}
    </li>
  );
}
