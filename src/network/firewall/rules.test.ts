// Changes are told alone, the whole when the kernel's table may be another; who waits shares one telling.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { elementText, link } from './elements.ts';
import { Rules } from './rules.ts';

const element = (name: string) => ({ set: 's', key: [link(name)] });

function made() {
  const seen: string[] = [];
  const kernel = { refuses: false, gone: false };
  const rules = new Rules({
    text: (elements) => `all ${elements.map(elementText).join(', ')}`,
    notify: async (text) => {
      await new Promise((resolve) => setImmediate(resolve));
      if (kernel.refuses) throw new Error('no');
      kernel.gone = false;
      seen.push(text);
    },
    change: (remove, add) => {
      if (kernel.gone) throw new Error('no such table');
      if (remove.length + add.length === 0) return;
      seen.push(
        [...remove.map((one) => `- ${elementText(one)}`), ...add.map((one) => `+ ${elementText(one)}`)].join(', '),
      );
    },
  });
  return { rules, seen, kernel };
}

test('the whole at first, then what changed and nothing twice', async () => {
  const { rules, seen } = made();
  rules.want('a', [element('1')]);
  const first = rules.bring();
  rules.want('b', [element('2')]);
  const second = rules.bring();
  rules.want('c', [element('3')]);
  await Promise.all([first, second, rules.bring()]);
  await rules.bring();
  rules.want('a', [element('4')]);
  rules.want('b', []);
  await rules.bring();
  assert.deepEqual(seen, ['all s "1"', '+ s "2", + s "3"', '- s "1", - s "2", + s "4"']);
  rules.forget();
  await rules.bring();
  assert.equal(seen.at(-1), 'all s "4", s "3"');
});

test('a change that the kernel refuses becomes a telling of the whole', async () => {
  const { rules, seen, kernel } = made();
  rules.want('a', [element('1')]);
  await rules.bring();
  const mark = rules.mark;
  kernel.gone = true;
  rules.want('b', [element('2')]);
  await rules.bring();
  assert.deepEqual(seen, ['all s "1"', 'all s "1", s "2"']);
  assert.notEqual(rules.mark, mark);
});

test('a failure is not remembered as told', async () => {
  const { rules, seen, kernel } = made();
  kernel.refuses = true;
  rules.want('a', [element('1')]);
  await assert.rejects(rules.bring(), /no/);
  kernel.refuses = false;
  await rules.bring();
  assert.deepEqual(seen, ['all s "1"']);
});
