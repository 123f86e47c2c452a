// The bar above a wall that is not in kiosk: where one is, what may be chosen, and the other language.
import { dateTimeFormat } from '@grafana/data';
import { addressOf, language, listAddress } from './address.js';
import { link, theme } from './theme.js';
import { words } from './words.js';

export const HEADER = 48;
const NO_CHOICE = ['datasource', 'constant'];
const HIDDEN = 2;
const field = {
  width: 'auto', height: 32, padding: '0 8px', background: theme.components.input.background, color: theme.colors.text.primary,
  border: `1px solid ${theme.components.input.borderColor}`, borderRadius: 2,
};
const bar = {
  position: 'fixed', zIndex: 1, inset: '0 0 auto', height: HEADER, display: 'flex', gap: 16, alignItems: 'center', padding: '0 16px',
  background: theme.colors.background.primary, borderBottom: `1px solid ${theme.colors.border.weak}`,
};

export function Header({ wall, pick }) {
  const { dashboard, base, languages, scope, cells, at } = wall;
  const failed = cells.filter(({ errors }) => errors.length).length;
  const other = language === 'en' ? 'vi' : 'en';
  const choices = Object.values(scope).filter(({ type, hide }) => !NO_CHOICE.includes(type) && hide !== HIDDEN);
  return (
    <div style={bar}>
      <a href={listAddress()} style={link}>{words.walls}</a>
      <strong>{dashboard.title}</strong>
      {choices.map((variable) => <Choice key={variable.name} variable={variable} pick={pick} />)}
      <span style={{ flex: 1 }} />
      {failed > 0 && <strong style={{ color: theme.colors.error.text }}>{words.errors(failed)}</strong>}
      <span>{words.updated} {dateTimeFormat(at, { timeZone: dashboard.timezone, format: 'HH:mm:ss' })}</span>
      {languages.includes(other) && <a href={addressOf(base, { lang: other })} style={link}>{words.other}</a>}
      <a href={addressOf(base, { kiosk: true })} style={link}>{words.kiosk}</a>
    </div>
  );
}

/** One variable: one of its values, or all of them where the dashboard allows that. */
function Choice({ variable: { name, label, type, includeAll, all, values, options }, pick }) {
  const caption = label || name;
  const style = { ...field, colorScheme: theme.colors.mode };
  if (type === 'textbox') return <label>{caption} <input style={style} defaultValue={values[0]} onBlur={({ target }) => pick(name, [target.value])} /></label>;
  return (
    <label>
      {caption}{' '}
      <select style={style} value={all ? '$__all' : values[0]} onChange={({ target }) => pick(name, [target.value])}>
        {includeAll && <option value="$__all">{words.all}</option>}
        {options.map((option) => <option key={option.value} value={option.value}>{option.text}</option>)}
      </select>
    </label>
  );
}
