// Gives every style element this page's nonce: Grafana's components write styles at run time, the security policy allows no others.
const { nonce } = document.querySelector('script[nonce]');
const create = document.createElement.bind(document);

document.createElement = (name, options) => {
  const element = create(name, options);
  if (String(name).toLowerCase() === 'style') element.nonce = nonce;
  return element;
};
