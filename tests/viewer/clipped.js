// The texts of the page that cannot be seen whole, not even by scrolling: what they stand in is too small for them.
() => {
  const TOLERANCE = 2;
  const inside = (inner, outer) => inner.left >= outer.left - TOLERANCE && inner.right <= outer.right + TOLERANCE
    && inner.top >= outer.top - TOLERANCE && inner.bottom <= outer.bottom + TOLERANCE;
  const found = [];
  const walker = document.createTreeWalker(document.getElementById('page'), NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!node.data.trim() || !node.parentElement.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    if (!box.width) continue;
    for (let place = node.parentElement; place; place = place.parentElement) {
      const { overflow, position } = getComputedStyle(place);
      const scrolls = /auto|scroll/.test(overflow) && place.scrollHeight > place.clientHeight;
      if (scrolls) break;
      const clips = place.tagName === 'svg' || overflow !== 'visible';
      if (clips && !inside(box, place.getBoundingClientRect())) {
        found.push(`${node.data.trim()} [${[box.left, box.top, box.right, box.bottom].map(Math.round)}] in ${place.tagName} `
          + `[${Object.values(place.getBoundingClientRect().toJSON()).slice(4).map(Math.round)}]`);
        break;
      }
      if (position === 'fixed') break;
    }
  }
  return found;
}
