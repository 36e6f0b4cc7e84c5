// Lines of tasks that were made after the log was asked for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client } from '../../../client/index.ts';
import { headsOf } from './log-heads.ts';

test('a task that came later is asked for once, and its lines have its slot', async () => {
  const asked: string[] = [];
  const answers: Readonly<Record<string, unknown>> = {
    NodeList: [{ ID: 'n1', Description: { Hostname: 'host' } }],
    ServiceList: [{ ID: 's1', Spec: { Name: 'web' } }],
    TaskList: [{ ID: 't1', Slot: 1 }],
    TaskInspect: { ID: 't2', Slot: 2 },
  };
  const client = {
    json: (route: string) => {
      asked.push(route);
      return Promise.resolve(answers[route]);
    },
  } as unknown as Client;
  const head = await headsOf(client, { 'no-resolve': false, 'no-task-ids': false, 'no-trunc': false });
  const of = (task: string) => head(new Map(Object.entries({ 'node.id': 'n1', 'service.id': 's1', 'task.id': task })));
  assert.deepEqual(
    [await of('t1'), await of('t2'), await of('t2')],
    ['web.1.t1@host', 'web.2.t2@host', 'web.2.t2@host'],
  );
  assert.deepEqual(asked, ['NodeList', 'ServiceList', 'TaskList', 'TaskInspect']);
});
