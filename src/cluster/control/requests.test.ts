import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServiceSpec } from '../model/objects.ts';
import { checkSpec } from './check-service.ts';
import { constraintProblem } from './constraints.ts';
import { serviceShape, shaped } from './shape.ts';

const template = { ContainerSpec: { Image: 'busybox' } };

test('a body of another shape is refused by the name of its field', () => {
  const read = (body: unknown) => shaped(body, serviceShape) as Partial<ServiceSpec>;
  assert.throws(
    () => read({ Name: 5 }),
    /cannot unmarshal number into Go struct field ServiceSpec.Name of type string/,
  );
  assert.throws(() => read({ TaskTemplate: { ContainerSpec: { Env: 'A=1' } } }), /field ContainerSpec.Env/);
  assert.throws(() => read({ TaskTemplate: [] }), /array into Go struct field ServiceSpec.TaskTemplate/);
  assert.throws(() => read({ Mode: { Replicated: { Replicas: 1.5 } } }), /Replicas of type int64/);
  assert.deepEqual(read({ Name: 'a', Labels: null, Mode: { Global: null } }), { Name: 'a', Mode: {} });
});

test('what a service may not be is refused in Swarm’s words', () => {
  const problem = (spec: Partial<ServiceSpec>): string => {
    try {
      checkSpec({ Name: 'web', TaskTemplate: template, Mode: {}, ...spec });
      return '';
    } catch (error) {
      return (error as Error).message.replace(/^rpc error: code = \w+ desc = /, '');
    }
  };
  assert.equal(problem({}), '');
  assert.equal(problem({ Name: '' }), 'name must be provided');
  assert.equal(problem({ Name: 'a.b' }), 'name must be valid as a DNS name component');
  assert.equal(problem({ Name: 'a_' }), 'name must be valid as a DNS name component');
  assert.equal(problem({ Name: 'a_1' }), '');
  assert.equal(problem({ TaskTemplate: {} }), 'mismatched Runtime and *Spec fields');
  const published = [{ TargetPort: 80, PublishedPort: 8080 }];
  assert.equal(
    problem({ EndpointSpec: { Mode: 'dnsrr', Ports: published } }),
    "EndpointSpec: port published with ingress mode can't be used with dnsrr mode",
  );
  assert.equal(
    problem({ EndpointSpec: { Ports: [...published, ...published] } }),
    'EndpointSpec: duplicate published ports provided',
  );
  assert.equal(
    problem({ TaskTemplate: { ...template, Placement: { Constraints: ['node.role'] } } }),
    'constraint expected one operator from ==, !=',
  );
});

test('what is not there yet is refused by its name, and never taken in silence', () => {
  const refused = (spec: Partial<ServiceSpec>): void =>
    assert.throws(
      () => checkSpec({ Name: 'web', TaskTemplate: template, Mode: {}, ...spec }),
      (error: Error & { kind?: string }) => error.kind === 'notImplemented',
    );
  refused({ TaskTemplate: { ...template, Runtime: 'plugin' } });
  refused({ TaskTemplate: { ContainerSpec: { Image: 'a', Mounts: [{ Type: 'cluster', Target: '/a' }] } } });
  checkSpec({
    Name: 'web',
    TaskTemplate: template,
    Mode: {},
    EndpointSpec: { Ports: [{ TargetPort: 80, PublishedPort: 8080, PublishMode: 'host' }] },
  });
});

test('only the form of a constraint is checked', () => {
  assert.equal(constraintProblem('node.bogus==1'), undefined);
  assert.equal(constraintProblem('node.labels.zone != b'), undefined);
  assert.equal(constraintProblem('node.role=='), "value '' is invalid");
});
