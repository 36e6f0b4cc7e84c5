// The recipes and systems in examples/: built from Debian's packages, each does its work, found by name and by port.
// RECIPES=all also builds the large ones.
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

  /** A system of examples/, by our own compose; `up` gives the addresses of what it publishes. */
  function system(folder: string, env: Record<string, string>, ...flags: string[]) {
    const run = async (...words: string[]): Promise<string> => {
      const all = ['compose', ...flags, '-f', join(EXAMPLES, folder, 'compose.yaml'), ...words];
      const { code, stdout, stderr } = await daemon.client('berth', all, { env, timeoutMs: 400_000 });
      assert.equal(code, 0, `berth ${all.join(' ')}: ${stderr}`);
      return stdout.trim();
    };
    const up = async (...published: [string, number][]): Promise<string[]> => {
      await run('up', '-d', '--wait');
      return Promise.all(
        published.map(async ([service, port]) => `http://${await run('port', service, String(port))}`),
      );
    };
    return { run, up };
  }

  /** Fetches until the server answers so, and gives the text. */
  const fetched = (url: string, init: RequestInit = {}, status = 200): Promise<string> =>
    until(async () => {
      const answer = await fetch(url, init);
      const text = await answer.text();
      assert.equal(answer.status, status, text);
      return text;
    });

  const titled = (page: string): string => /<title>(.*?)<\/title>/.exec(page)?.[1] ?? page;

  /** Installs WordPress as a person would, writes a post through its API, and gives the post's address below the blog. */
  async function write(url: string, title: string): Promise<string> {
    const person = { user_name: 'ann', admin_password: 'secret', admin_password2: 'secret', pw_weak: 'on' };
    const form = new URLSearchParams({
      ...person,
      weblog_title: 'Blog',
      admin_email: 'ann@example.org',
      blog_public: '0',
    });
    const installed = await fetched(`${url}/wp-admin/install.php?step=2`, { method: 'POST', body: form });
    assert.match(installed, /WordPress has been installed/);
    const value = (text: string): string => `<value><string>${text}</string></value>`;
    const field = (name: string, text: string): string => `<member><name>${name}</name>${value(text)}</member>`;
    const post = `<value><struct>${field('post_title', title)}${field('post_status', 'publish')}</struct></value>`;
    const params = ['<value><int>1</int></value>', value('ann'), value('secret'), post];
    const call = `<methodCall><methodName>wp.newPost</methodName><params>${params.map((one) => `<param>${one}</param>`).join('')}</params></methodCall>`;
    const answer = await fetched(`${url}/xmlrpc.php`, { method: 'POST', body: call });
    const id = /<string>(\d+)<\/string>/.exec(answer)?.[1];
    assert.ok(id !== undefined, answer);
    return `/?p=${id}`;
  }

  test('a blog: a post is there after the system was taken down, beside another of an older distribution', {
    skip: large,
  }, async () => {
    const base = ok('image', 'bootstrap', '-q', 'debian:bullseye');
    const env = { BLOG_PASSWORD: "it's", PORT: '0' };
    const blog = system('blog', env);
    const [first = ''] = await blog.up(['blog', 80]);
    const post = await write(first, 'First of all');
    await base;
    const old = system('blog', { ...env, DEBIAN: 'bullseye' }, '-p', 'old');
    const [older = ''] = await old.up(['blog', 80]);
    const oldPost = await write(older, 'Another one');
    await blog.run('down');
    assert.equal(titled(await fetched(`${older}${oldPost}`)), 'Another one &#8211; Blog');
    const [again = ''] = await blog.up(['blog', 80]);
    assert.equal(titled(await fetched(`${again}${post}`)), 'First of all &#8211; Blog');
    const versions = await Promise.all([blog, old].map((one) => one.run('exec', '-T', 'db', 'mariadbd', '--version')));
    assert.match(versions[0] ?? '', /Ver 10\.11\./);
    assert.match(versions[1] ?? '', /Ver 10\.5\./);
    for (const one of [blog, old]) await one.run('down', '-v');
  });

  test('notes: database, sessions, cache and uploads of a program behind a proxy, after an update too', async () => {
    const notes = system('notes', { NOTES_PASSWORD: "it's", PORT: '0' });
    const [url = ''] = await notes.up(['web', 80]);
    const first = await until(async () => {
      const answer = await fetch(url, { method: 'POST', body: 'milk' });
      assert.equal(answer.status, 200);
      return answer;
    });
    const cookie = first.headers.get('set-cookie')?.split(';')[0] ?? '';
    assert.match(cookie, /^sessionid=/);
    await fetched(`${url}/uploads/list`, { method: 'PUT', body: 'eggs' });
    assert.equal(await fetched(`${url}/count`), '1\n');
    await fetched(url, { method: 'POST', body: 'bread' });
    // from the cache
    assert.equal(await fetched(`${url}/count`), '1\n');
    await notes.run('up', '-d', '--wait', '--force-recreate', 'app');
    assert.equal(await fetched(`${url}/uploads/list`), 'eggs');
    const later = await fetch(url, { headers: { cookie } });
    assert.equal(later.headers.get('x-visits'), '2');
    assert.equal(await later.text(), 'milk\nbread\n');
    await notes.run('down', '-v');
  });

  test('voting: what is voted on one page is counted on another', async () => {
    const voting = system('voting', { VOTE_PORT: '0', RESULT_PORT: '0' });
    const [vote = '', result = ''] = await voting.up(['vote', 8000], ['result', 8000]);
    for (const [voter, choice] of ['aab', 'bab', 'abb'].flatMap((row, v) => row.split('').map((c) => [v, c] as const)))
      await fetched(vote, { method: 'POST', body: `vote=${choice}`, headers: { cookie: `voter=${voter}` } });
    await until(async () => assert.deepEqual(JSON.parse(await fetched(result)), { b: 3 }));
    await voting.run('up', '-d', '--scale', 'worker=3');
    await fetched(vote, { method: 'POST', body: 'vote=a' });
    await until(async () => assert.deepEqual(JSON.parse(await fetched(result)), { a: 1, b: 3 }));
    await voting.run('down', '-v');
  });

  test('the files for Jenkins and Rocket.Chat: configuration and plan without their images', async () => {
    const jenkins = system('jenkins', { AGENT_KEY: 'ssh-ed25519 AAAA' }, '--profile', 'agent');
    const { services } = JSON.parse(await jenkins.run('config', '--format', 'json'));
    assert.deepEqual(Object.keys(services), ['agent', 'docker', 'jenkins']);
    assert.equal(services.agent.environment.JENKINS_AGENT_SSH_PUBKEY, 'ssh-ed25519 AAAA');
    const plan = await jenkins.run('plan');
    assert.match(plan, /^pull image jenkins\/jenkins:lts-jdk21: it is not there$/m);
    assert.match(plan, /create jenkins-agent-2: it does not exist/);
    assert.match(plan, /wait until jenkins-docker-1 is healthy: jenkins depends on it/);
    const chat = await system('rocketchat', {}).run('plan');
    assert.match(chat, /wait until rocketchat-replicas-1 has ended well: rocketchat depends on it/);
  });

  test('two stages: the image is the program alone', { skip: large }, async () => {
    await build('go');
    await start('hello', 'go', '-p', '8080', '-e', 'HELLO_NAME=berth');
    await until(async () => assert.equal(await (await ask('hello', 8080)).text(), 'hello berth\n'));
    assert.ok(Number(await ok('image', 'inspect', '-f', '{{.Size}}', 'go')) < 10_000_000);
  });
});
