/**
 * What the report does in the browser: the strip's hover, focus and arrow keys, and the searchable table of all nodes.
 * Reads the JSON of page.ts (#data); writes only text nodes, so that no name can become markup.
 */
export const SCRIPT = `
'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const strip = document.getElementById('strip');
  const story = document.getElementById('story');
  const cells = Array.from(strip.children);
  const make = (tag, text, className) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (className) element.className = className;
    return element;
  };
  let current = -1;

  cells.forEach((cell, place) => {
    cell.id = 'cell' + place;
    cell.setAttribute('role', 'option');
  });

  const tell = (place) => {
    const [from, to, partition, cause] = data.cells[place];
    const [name, op, reason, macs, weights] = data.nodes[from];
    const parts = [];
    const title = to > from ? 'Nodes ' + from + ' to ' + to : 'Node ' + from + ' \\u00b7 ' + op;
    parts.push(make('h3', title));
    if (to === from) parts.push(make('p', name, 'mono'));
    if (partition !== null) parts.push(make('p', data.partitions[partition]));
    else {
      parts.push(make('p', 'Left to the CPU: ' + reason));
      if (cause !== null) parts.push(make('p', data.causes[cause], 'note'));
    }
    const work = [macs && macs + ' multiply-accumulates', weights && weights + ' of weights'].filter(Boolean).join(', ');
    if (to === from && work) parts.push(make('p', work, 'note'));
    story.replaceChildren(...parts);
    story.className = 'story ' + cells[place].className.split(' ')[0];
    cells[place].setAttribute('aria-label', parts.map((part) => part.textContent).join('. '));
  };

  const show = (place) => {
    if (place < 0 || place >= cells.length) return;
    strip.classList.add('lit');
    if (place === current) return;
    if (current >= 0) {
      cells[current].classList.remove('at');
      cells[current].removeAttribute('aria-selected');
    }
    current = place;
    tell(place);
    const [, , partition, cause] = data.cells[place];
    cells.forEach((cell, other) => {
      const [, , otherPartition, otherCause] = data.cells[other];
      cell.classList.toggle('hot', partition !== null ? otherPartition === partition : otherPartition === null && otherCause === cause);
    });
    cells[place].classList.add('at');
    cells[place].setAttribute('aria-selected', 'true');
    strip.setAttribute('aria-activedescendant', 'cell' + place);
  };

  strip.addEventListener('pointerover', (event) => show(cells.indexOf(event.target)));
  // A finger stays with the cell it came down on: which cell it is over now has to be asked.
  strip.addEventListener('pointermove', (event) => {
    if (event.pointerType !== 'mouse') show(cells.indexOf(document.elementFromPoint(event.clientX, event.clientY)));
  });
  strip.addEventListener('click', (event) => show(cells.indexOf(event.target)));
  strip.addEventListener('pointerleave', () => {
    if (document.activeElement !== strip) strip.classList.remove('lit');
  });
  strip.addEventListener('focus', () => show(Math.max(current, 0)));
  strip.addEventListener('blur', () => strip.classList.remove('lit'));
  strip.addEventListener('keydown', (event) => {
    const row = cells.findIndex((cell) => cell.offsetTop > cells[0].offsetTop + 14);
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: row > 0 ? row : 1, ArrowUp: row > 0 ? -row : -1 };
    let next = current;
    if (event.key in steps) next = current + steps[event.key];
    else if (event.key === 'Home') next = 0;
    else if (event.key === 'End') next = cells.length - 1;
    else return;
    event.preventDefault();
    show(Math.min(cells.length - 1, Math.max(0, next)));
  });

  const all = document.getElementById('all');
  const body = document.getElementById('all-rows');
  const search = document.getElementById('search');
  const found = document.getElementById('found');
  const MOST_ROWS = 2000;
  const fill = () => {
    const wanted = search.value.trim().toLowerCase();
    const rows = [];
    let hits = 0;
    data.nodes.forEach(([name, op, reason, macs, weights, partition], index) => {
      const where = partition === null ? 'CPU' : 'partition ' + partition;
      if (wanted && !(name + ' ' + op + ' ' + where + ' ' + reason).toLowerCase().includes(wanted)) return;
      if (++hits > MOST_ROWS) return;
      const row = make('tr');
      const head = make('th', index, 'n');
      head.scope = 'row';
      row.append(head, make('td', op), make('td', name, 'mono'), make('td', where), make('td', macs, 'n'), make('td', weights, 'n'), make('td', reason));
      rows.push(row);
    });
    body.replaceChildren(...rows);
    found.textContent = hits > MOST_ROWS ? 'The first ' + MOST_ROWS + ' of ' + hits + ' nodes' : hits + (hits === 1 ? ' node' : ' nodes');
  };
  all.addEventListener('toggle', () => all.open && fill());
  search.addEventListener('input', fill);
})();
`;
