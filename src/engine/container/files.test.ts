import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changedHosts, hostHostsText, hostsText, movedHost, resolvText } from './files.ts';

test('/etc/hosts of a container', () => {
  const text = hostsText(['db:10.0.0.5', 'six=[fd00::1]'], [{ ip: '172.18.0.2', names: ['web.example', 'web'] }]);
  assert.match(text, /^127\.0\.0\.1\tlocalhost\n/);
  assert.match(text, /\n10\.0\.0\.5\tdb\nfd00::1\tsix\n172\.18\.0\.2\tweb\.example web\n$/);
  const own = [
    { ip: '172.18.0.2', names: ['web'] },
    { ip: 'fd00::2', names: ['web'] },
  ];
  assert.equal(hostsText([], own, false), '127.0.0.1\tlocalhost\n172.18.0.2\tweb\n');
});

test('lines of /etc/hosts come, go and change; what is not ours stays', () => {
  const text = '127.0.0.1\tlocalhost\n10.0.0.2\tme\n1.2.3.4 mine\n10.0.0.3\tdb 0123456789ab store\n';
  assert.equal(
    changedHosts(text, [{ ip: '10.0.0.2', names: ['me'] }], [{ ip: '10.1.0.2', names: ['me'] }]),
    '127.0.0.1\tlocalhost\n1.2.3.4 mine\n10.0.0.3\tdb 0123456789ab store\n10.1.0.2\tme\n',
  );
  const names = ['db', '0123456789ab'];
  assert.equal(movedHost(text, names, '10.0.0.9'), text.replace('10.0.0.3', '10.0.0.9'));
  assert.equal(movedHost(text, names, undefined), '127.0.0.1\tlocalhost\n10.0.0.2\tme\n1.2.3.4 mine\n');
  assert.equal(movedHost(text, ['db', 'ffffffffffff'], undefined), text);
});

test('/etc/hosts with the host’s network is the host’s own', () => {
  assert.equal(hostHostsText('127.0.0.1 localhost', ['a:1.2.3.4']), '127.0.0.1 localhost\n1.2.3.4\ta\n');
});

test('/etc/resolv.conf: wishes take the place of what they name', () => {
  const host = '# made by hand\nnameserver 127.0.0.53\nnameserver 9.9.9.9\nsearch a.example b.example\noptions edns0\n';
  const none = { servers: [], search: [], options: [] };
  assert.equal(
    resolvText(host, none, false),
    'nameserver 127.0.0.53\nnameserver 9.9.9.9\nsearch a.example b.example\noptions edns0\n',
  );
  assert.equal(resolvText(host, none, true), 'nameserver 9.9.9.9\nsearch a.example b.example\noptions edns0\n');
  assert.equal(
    resolvText(host, { servers: ['1.1.1.1'], search: ['.'], options: ['ndots:2'] }, true),
    'nameserver 1.1.1.1\noptions ndots:2\n',
  );
});
