import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse, toJson } from '../../format/index.ts';
import { eventFields, infoFields, versionFields } from './object-types.ts';

const EVENT = { status: 'die', id: 'x', Type: 'container', Action: 'die', Actor: { ID: 'x', Attributes: { a: 'b' } } };
const ofEvent = (template: string): string => parse(template).run(eventFields(EVENT), { typeName: '*events.Message' });

test('users E17: events have the names of their Go type, empty where the message leaves them out', () => {
  assert.equal(ofEvent('{{.Status}}|{{.From}}|{{.TimeNano}}|{{.Actor.Attributes.a}}'), 'die||0|b');
  assert.equal(ofEvent('{{.Actor.Attributes.nope}}'), '<no value>');
  assert.throws(() => ofEvent('{{.status}}'), /can't evaluate field status in type \*events\.Message/);
});

test('the JSON of an event is the message as it came', () => {
  assert.equal(toJson(eventFields(EVENT)), JSON.stringify(EVENT));
});

test('users E17: info and version have every field of theirs, and name the type that lacks one', () => {
  const info = (template: string): string =>
    parse(template).run(infoFields({ RegistryConfig: {} }), { ignoreCase: true });
  assert.equal(info('{{.ProductLicense}}|{{.Labels}}|{{len .ClientErrors}}|{{.Debug}}'), '|[]|0|false');
  assert.throws(() => info('{{.RegistryConfig.Nope}}'), /can't evaluate field Nope in type \*registry\.ServiceConfig/);
  const version = (template: string): string => parse(template).run(versionFields({ Client: {}, Server: {} }));
  assert.equal(version('{{.Server.Experimental}}|{{.Server.Platform.Name}}'), 'false|');
  assert.throws(() => version('{{.Client.Nope}}'), /can't evaluate field Nope in type system\.clientVersion/);
});
