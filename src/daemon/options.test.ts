import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHost } from './listen.ts';
import { type DaemonOptions, daemonOptions } from './options.ts';

function options(argv: string[], config?: string): DaemonOptions {
  const parsed = daemonOptions(argv, () => config);
  assert.ok(parsed.kind === 'options');
  return parsed.options;
}

test('defaults, and what follows from the exec root', () => {
  const { hosts, dataRoot, pidfile, liveRestore } = options(['--exec-root', '/x']);
  assert.deepEqual(
    { hosts, dataRoot, pidfile, liveRestore },
    { hosts: ['unix:///x/berth.sock'], dataRoot: '/var/lib/berth', pidfile: '/x/berth.pid', liveRestore: true },
  );
});

test('daemon.json says what flags do not', () => {
  const made = options(
    ['-H', 'unix:///a'],
    '{"labels":["a=b"],"live-restore":false,"runtimes":{"mine":{"path":"/m","runtimeArgs":["-x"]}}}',
  );
  assert.deepEqual(
    [made.hosts, made.labels, made.liveRestore, made.runtimes],
    [['unix:///a'], ['a=b'], false, { mine: { path: '/m', runtimeArgs: ['-x'] } }],
  );
});

test('networks: JSON has other shapes than flags', () => {
  const { network } = options(
    ['--icc=false'],
    `{"default-address-pools":[{"base":"10.0.0.0/8","size":24}],"bip":"10.1.0.1/24","mtu":1300,"host-gateway-ip":"10.9.9.9",
      "default-network-opts":{"bridge":{"com.docker.network.bridge.host_binding_ipv4":"127.0.0.1"}}}`,
  );
  assert.deepEqual(
    [network.addressPools, network.bip, network.mtu, network.icc, network.hostGateways, network.defaultOptions],
    [
      ['base=10.0.0.0/8,size=24'],
      '10.1.0.1/24',
      1300,
      false,
      ['10.9.9.9'],
      ['bridge=com.docker.network.bridge.host_binding_ipv4=127.0.0.1'],
    ],
  );
  assert.throws(
    () => options([], '{"default-address-pools":[{"base":"10.0.0.0/8"}]}'),
    /default-address-pools must be/,
  );
});

test('containers: what they get that say nothing of their own', () => {
  const plain = options([]).containers;
  assert.deepEqual([plain.logDriver, plain.shmSize, plain.cgroupnsMode], ['json-file', 64 * 1024 ** 2, undefined]);
  const { containers } = options(
    ['--default-ulimit', 'nofile=5', '--default-ulimit', 'nofile=1:2', '--default-ipc-mode=shareable'],
    '{"log-driver":"local","log-opts":{"max-size":"10m"},"default-shm-size":1024,"init":true,"default-cgroupns-mode":"host"}',
  );
  assert.deepEqual(containers, {
    logDriver: 'local',
    logOptions: { 'max-size': '10m' },
    shmSize: 1024,
    ipcMode: 'shareable',
    cgroupnsMode: 'host',
    ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }],
    init: true,
    noNewPrivileges: false,
    seccompProfile: 'builtin',
  });
  assert.deepEqual(
    options([], '{"default-ulimits":{"nofile":{"Name":"nofile","Soft":1,"Hard":2}}}').containers.ulimits,
    [{ Name: 'nofile', Soft: 1, Hard: 2 }],
  );
  assert.throws(() => options(['--default-ipc-mode=host']), /use "shareable" or "private"/);
  assert.throws(() => options(['--default-cgroupns-mode=x']), /use "host" or "private"/);
  assert.throws(() => options([], '{"log-opts":{"max-size":10}}'), /log-opts must be/);
});

test('proxies are variables; a configuration can be looked at alone', () => {
  assert.deepEqual(options(['--no-proxy', 'a'], '{"proxies":{"http-proxy":"http://p"}}').proxies, {
    http_proxy: 'http://p',
    HTTP_PROXY: 'http://p',
    no_proxy: 'a',
    NO_PROXY: 'a',
  });
  assert.throws(() => options([], '{"proxies":"http://p"}'), /proxies must be an object/);
  assert.deepEqual(
    daemonOptions(['--validate'], () => '{}'),
    { kind: 'valid' },
  );
});

test('what cannot be meant is refused in dockerd’s words', () => {
  assert.throws(() => options(['--nope']), /unknown flag: --nope/);
  assert.throws(
    () => options(['-H', 'unix:///a'], '{"hosts":["unix:///b"]}'),
    /specified both as a flag and in the configuration file: hosts/,
  );
  assert.throws(() => options([], '{"no-such-key":1}'), /don't match any configuration option: no-such-key/);
  assert.throws(() => options([], '{"labels":"a"}'), /labels must be a list of strings/);
  assert.throws(() => options([], '{'), /unable to configure the daemon with file/);
  assert.throws(() => options(['--add-runtime', 'x']), /invalid runtime: x/);
  assert.throws(() => options(['--log-level', 'loud']), /invalid logging level: loud/);
  assert.throws(() => options(['extra']), /accepts no arguments/);
  assert.throws(() => daemonOptions(['--config-file', '/none'], () => undefined), /no such file or directory/);
});

test('addresses', () => {
  assert.deepEqual(parseHost('unix:///run/b.sock', false), { kind: 'unix', path: '/run/b.sock' });
  assert.deepEqual(parseHost('tcp://0.0.0.0', true), { kind: 'tcp', host: '0.0.0.0', port: 2376 });
  assert.deepEqual(parseHost('tcp://[::1]:99', false), { kind: 'tcp', host: '::1', port: 99 });
  assert.throws(() => parseHost('http://x', false), /Invalid bind address format: http:\/\/x/);
});
