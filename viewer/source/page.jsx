// The page: a list of walls at "/", one wall at "/w/<uid>" (and at "/d/<uid>", where Grafana has it).
import './styles.js';
import 'uplot/dist/uPlot.min.css';
import './page.css';
import { createRoot } from 'react-dom/client';
import { ThemeContext } from '@grafana/data';
import { GlobalStyles } from '@grafana/ui';
import { language, uid } from './address.js';
import { nextFrame } from './frames.js';
import { List } from './list.jsx';
import { Live } from './screen.jsx';
import { theme } from './theme.js';

window.__grafana_public_path__ = '/public/';
document.documentElement.lang = language;
start();

async function start() {
  show(document.head.appendChild(document.createElement('meta')), <GlobalStyles />);
  await nextFrame();
  // sizes of texts are measured while drawing, so the fonts come first
  await Promise.all([400, 500].map((weight) => document.fonts.load(`${weight} 16px Inter`)));
  show(document.getElementById('page'), uid ? <Live /> : <List />);
}

function show(place, element) {
  createRoot(place).render(<ThemeContext.Provider value={theme}>{element}</ThemeContext.Provider>);
}
