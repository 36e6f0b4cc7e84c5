// The recipes in examples/: each is built from Debian's packages and does its work in a container, found by name and by port.
// RECIPES=all also builds the two large ones.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { findProgram } from '../../src/host/find.ts';
import { execute, TestDaemon, until } from '../support/daemon.ts';

const EXAMPLES = join(import.meta.dirname, '../../examples');
const withoutCompose = findProgram('docker-compose') ? false : 'docker-compose is not installed';
const large = process.env['RECIPES'] === 'all' ? false : 'RECIPES=all builds it';

suite('recipes', () => {
  let daemon: TestDaemon;

  async function ok(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await daemon.client('berth', args, { timeoutMs: 400_000 });
    assert.equal(code, 0, `berth ${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  }
  const build = (name: string): Promise<string> => ok('build', '-q', '-t', name, join(EXAMPLES, name));
  const start = (name: string, image: string, ...flags: string[]): Promise<string> =>
    ok('run', '-d', '--name', name, '--network', 'shop', '--stop-timeout', '1', ...flags, image);
  /** What the published port of a container answers to a request. */
  async function ask(container: string, port: number, init: RequestInit = {}): Promise<Response> {
    const address = await ok('port', container, String(port));
    return fetch(`http://127.0.0.1:${address.split('\n')[0]?.split(':').at(-1)}/`, init);
  }
  const healthy = (name: string): Promise<void> =>
    until(async () => assert.equal(await ok('inspect', '-f', '{{.State.Health.Status}}', name), 'healthy'), 60_000);

  before(async () => {
    daemon = await TestDaemon.start();
    await daemon.debian();
    await ok('network', 'create', 'shop');
  });
  after(async () => {
    const containers = await ok('ps', '-aq');
    if (containers !== '') await ok('rm', '-fv', ...containers.split('\n'));
    assert.deepEqual(await daemon.end(), []);
  });

  test('a program without state behind a proxy, its sessions in Redis', async () => {
    await Promise.all(['redis', 'node', 'nginx'].map(build));
    await start('redis', 'redis', '-e', 'REDIS_MAXMEMORY=8mb');
    await healthy('redis');
    assert.match(await ok('exec', 'redis', 'redis-cli', 'config', 'get', 'maxmemory'), /8388608/);
    for (const name of ['app1', 'app2']) await start(name, 'node', '--network-alias', 'app', '-e', 'REDIS_HOST=redis');
    await start('web', 'nginx', '-p', '80', '-e', 'NGINX_BACKEND=app:3000');
    let cookie = '';
    for (const visit of [1, 2, 3]) {
      const response = await until(async () => {
        const answer = await ask('web', 80, { headers: { cookie } });
        assert.equal(answer.status, 200);
        return answer;
      });
      cookie = response.headers.get('set-cookie')?.split(';')[0] ?? '';
      assert.match(await response.text(), new RegExp(`^visit ${visit}, served by `));
    }
  });

  test('the same from one file, by docker-compose', { skip: withoutCompose }, async () => {
    const compose = async (...args: string[]): Promise<string> => {
      const all = ['-p', 'shop', '-f', join(EXAMPLES, 'compose.yaml'), ...args];
      const env = { DOCKER_HOST: daemon.host, COMPOSE_DOCKER_CLI_BUILD: '0', PORT: '127.0.0.1:' };
      const { code, stdout, stderr } = await execute('docker-compose', all, { env, timeoutMs: 400_000 });
      assert.equal(code, 0, `docker-compose ${args.join(' ')}: ${stderr}`);
      return stdout.trim();
    };
    const up = async (apps: number): Promise<void> => {
      await compose('up', '-d', '--scale', `app=${apps}`);
      assert.equal((await compose('ps', '-q', 'app')).split('\n').length, apps);
    };
    await up(2);
    const address = await compose('port', 'web', '80');
    let cookie = '';
    for (const visit of [1, 2, 3]) {
      const response = await until(async () => {
        const answer = await fetch(`http://${address}/`, { headers: { cookie } });
        assert.equal(answer.status, 200);
        return answer;
      });
      cookie = response.headers.get('set-cookie')?.split(';')[0] ?? '';
      assert.match(await response.text(), new RegExp(`^visit ${visit}, served by `));
    }
    await up(3);
    assert.match(await compose('exec', '-T', 'redis', 'redis-cli', 'dbsize'), /[1-9]/);
    assert.match(await compose('logs', 'web'), /GET \/ HTTP/);
    await compose('down', '-v');
    const left = ['ps -aq', 'volume ls -q', 'network ls -q'].map(
      async (list) => await ok(...list.split(' '), '--filter', 'label=com.docker.compose.project=shop'),
    );
    assert.deepEqual(await Promise.all(left), ['', '', '']);
  });

  test('a program with its database, in a volume that outlives both', async () => {
    await Promise.all(['mariadb', 'django'].map(build));
    const secret = "it's";
    const database = ['-v', 'notes:/var/lib/mysql', '-e', 'MARIADB_DATABASE=notes', '-e', 'MARIADB_USER=notes'];
    const program = ['-p', '8000', '-e', 'DB_HOST=db', '-e', `DB_PASSWORD=${secret}`];
    for (const round of [1, 2]) {
      await start('db', 'mariadb', ...database, '-e', `MARIADB_PASSWORD=${secret}`);
      await healthy('db');
      await start('notes', 'django', ...program);
      await until(async () => assert.equal((await ask('notes', 8000)).status, 200));
      await ask('notes', 8000, { method: 'POST', body: `note ${round}` });
      const wanted = Array.from({ length: round }, (_, index) => `note ${index + 1}\n`).join('');
      assert.equal(await (await ask('notes', 8000)).text(), wanted);
      await ok('rm', '-f', 'notes');
      await ok('stop', 'db');
      await ok('rm', 'db');
    }
  });

  test('two databases of one image side by side, found by name', async () => {
    await build('postgres');
    const databases = ['one', 'two'];
    for (const name of databases)
      await start(name, 'postgres', '-e', `POSTGRES_PASSWORD=${name}'s`, '-e', `POSTGRES_DB=${name}`);
    await Promise.all(databases.map(healthy));
    const other = { one: 'two', two: 'one' } as const;
    for (const name of ['one', 'two'] as const) {
      const address = `postgresql://postgres:${encodeURIComponent(`${name}'s`)}@${name}/${name}`;
      const asked = await ok('exec', other[name], 'psql', '-At', address, '-c', 'select current_database()');
      assert.equal(asked, name);
    }
  });

  test('two stages: the image is the program alone', { skip: large }, async () => {
    await build('go');
    await start('hello', 'go', '-p', '8080', '-e', 'HELLO_NAME=berth');
    await until(async () => assert.equal(await (await ask('hello', 8080)).text(), 'hello berth\n'));
    assert.ok(Number(await ok('image', 'inspect', '-f', '{{.Size}}', 'go')) < 10_000_000);
  });

  test('Apache, PHP and WordPress', { skip: large }, async () => {
    await build('wordpress');
    const names = ['-e', 'MARIADB_DATABASE=blog', '-e', 'MARIADB_USER=blog', '-e', 'MARIADB_PASSWORD=secret'];
    await start('db', 'mariadb', ...names);
    await healthy('db');
    const blog = ['-e', 'WORDPRESS_DB_NAME=blog', '-e', 'WORDPRESS_DB_USER=blog', '-e', 'WORDPRESS_DB_PASSWORD=secret'];
    await start('blog', 'wordpress', '-p', '80', ...blog);
    const page = await until(async () => {
      const response = await ask('blog', 80);
      assert.equal(response.status, 200);
      return response.text();
    });
    assert.match(page, /<title>WordPress &rsaquo; Installation<\/title>/);
  });
});
