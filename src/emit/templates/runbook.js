'use strict';
// Counts what the compiler has worked out: which wires are on, and which way is the longest.
const all = (what, from = document) => [...from.querySelectorAll(what)];
const one = what => document.querySelector(what);
const [answers, gates, nodes, steps, promised] = JSON.parse(one('#table').textContent);
const said = ms => [[Math.floor(ms / 36e5), 'h'], [Math.floor(ms / 6e4) % 60, 'm'], [ms % 6e4 / 1e3, 's']]
  .filter(([n]) => n > 0).map(([n, unit]) => n + unit).join(' ') || '0s';

function longest(is) {
  const reached = [];
  for (const [usual, idle, before] of nodes) {
    let at = 0, from = -1;
    for (const b of before) if (from < 0 || reached[b].at > at) [at, from] = [reached[b].at, b];
    const own = is(idle) ? 0 : usual;
    reached.push({at: at + own, from, own});
  }
  const way = new Set();
  for (let n = reached.length - 1; n >= 0; n = reached[n].from) if (reached[n].own > 0) way.add(String(n));
  return {ms: reached.length ? reached[reached.length - 1].at : 0, way};
}

function show() {
  const chosen = all('input[data-wire]:checked');
  const on = Array(answers + 1).fill(false);
  on[0] = true;
  for (const input of chosen) on[input.dataset.wire] = true;
  const is = wire => wire < 0 ? !on[~wire] : on[wire];
  for (const [least, of] of gates) on.push(of.filter(is).length >= least);
  for (const part of all('[data-off]')) part.classList.toggle('off', is(Number(part.dataset.off)));
  const {ms, way} = longest(is);
  for (const part of all('[data-nodes]')) {
    part.classList.toggle('critical', part.dataset.nodes.split(' ').some(n => way.has(n)));
  }
  const runs = steps.filter(wire => !is(wire)).length;
  const of = !promised ? '' : `${ms > promised ? ', longer than' : ' of'} the ${said(promised)} promised`;
  const time = way.size ? `, usually ${said(ms)}${of}` : '';
  const given = chosen.map(input => `${input.closest('fieldset').dataset.name}: ${input.dataset.answer}`);
  one('#state').textContent = `${runs} of ${steps.length} steps can run${time}.`
    + (given.length ? ` Shown for ${given.join(', ')}.` : '');
}

const form = one('#switches');
document.documentElement.classList.add('live');
form.addEventListener('change', show);
form.addEventListener('reset', () => setTimeout(() => {
  for (const input of all('input', form)) input.checked = !input.dataset.wire;
  show();
}));
form.addEventListener('submit', event => event.preventDefault());
show();
