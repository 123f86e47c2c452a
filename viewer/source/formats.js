// Numbers and durations as they are written in Vietnamese: 1.234,5 and "giờ" instead of "hours". English stays as Grafana writes it.
import { language } from './address.js';

const PLAIN = /^-?\d+(\.(\d+))?$/;
const VERBATIM = ['string'];
const WORDS = {
  mins: 'phút', min: 'phút', hours: 'giờ', hour: 'giờ', days: 'ngày', day: 'ngày', weeks: 'tuần', week: 'tuần', months: 'tháng', month: 'tháng',
  years: 'năm', year: 'năm', s: 'giây',
};

/** Makes a field speak the language of the page; texts of mappings and times stay as they are. */
export function speak(field) {
  if (field.type !== 'number' || !field.display || VERBATIM.includes(field.config.unit)) return;
  const display = field.display;
  field.display = (value, decimals) => spoken(display(value, decimals), field.config, decimals);
}

function spoken(shown, { unit, decimals: own }, decimals = own) {
  if (unit === 'locale' && Number.isFinite(shown.numeric)) return { ...shown, text: written(shown.numeric, decimals ?? 3, 0) };
  if (language !== 'vi') return shown;
  const [plain, , fraction = ''] = PLAIN.exec(shown.text) ?? [];
  const [, space, word] = /^(\s*)(\w+)$/.exec(shown.suffix ?? '') ?? [];
  return {
    ...shown,
    ...(plain && { text: written(Number(plain), fraction.length, fraction.length) }),
    ...(WORDS[word] && { suffix: `${space || ' '}${WORDS[word]}` }),
  };
}

function written(number, most, least) {
  return new Intl.NumberFormat(language === 'vi' ? 'vi-VN' : 'en-GB', { maximumFractionDigits: most, minimumFractionDigits: least }).format(number);
}
