// The demo's story as a list: what each step is for, and what it does. Later parts of Berth add their steps here.
import { humanSize } from '../base/units.ts';
import type { Scene } from './scene.ts';

export interface Step {
  readonly title: string;
  /** Does the step; resolves to what there is to show, a line or more. Throws when the step did not go as the story says. */
  readonly play: (scene: Scene) => Promise<string>;
}

const IMAGE = 'busybox';
const PAGE = '<h1>Hello from a container of its own</h1>';

/** Writes the page and serves it; ends in good order when it is asked to. */
const SERVER = [
  'mkdir -p /www',
  `echo '${PAGE}' > /www/index.html`,
  'httpd -f -vv -p 127.0.0.1:8080 -h /www & pid=$!',
  "trap 'kill $pid; echo the server has ended; exit 0' TERM",
  'echo the server listens',
  'wait $pid',
].join('\n');

/** The server may need a moment until it listens. */
const FETCH = 'for try in 1 2 3 4 5 6 7 8 9; do wget -q -O - http://127.0.0.1:8080/ && exit 0; sleep 0.1; done; exit 1';

export const scenario: readonly Step[] = [
  {
    title: 'The daemon answers',
    async play({ client }) {
      const [version, info] = [await client.call('SystemVersion'), await client.call('SystemInfo')];
      return `${version.Platform.Name}, API ${version.MinAPIVersion} to ${version.ApiVersion}; runtime ${info.DefaultRuntime}, control groups v${info.CgroupVersion}`;
    },
  },
  {
    title: `An image, ${IMAGE}, made from Debian packages without a registry`,
    async play(scene) {
      const before = await scene.imageSize(IMAGE);
      if (before !== undefined) return `it is there from before, ${humanSize(before)}`;
      await scene.bootstrap(IMAGE);
      return `made, ${humanSize((await scene.imageSize(IMAGE)) ?? 0)}`;
    },
  },
  {
    title: 'A container with a web server, and no network but a loopback of its own',
    async play(scene) {
      const name = await scene.start('web', {
        Image: IMAGE,
        Hostname: 'web',
        Cmd: ['sh', '-c', SERVER],
        HostConfig: { NetworkMode: 'none', Memory: 64 * 1024 ** 2, PidsLimit: 32 },
      });
      const { State: state } = await scene.client.call('ContainerInspect', { params: { id: name } });
      return `${name} runs as process ${state.Pid} of this host`;
    },
  },
  {
    title: 'A second container joins that network and fetches the page',
    async play(scene) {
      const name = await scene.start('fetch', {
        Image: IMAGE,
        Cmd: ['sh', '-c', FETCH],
        HostConfig: { NetworkMode: `container:${scene.name('web')}` },
      });
      const code = await scene.wait(name);
      const { stdout, stderr } = await scene.logs(name);
      await scene.remove(name);
      if (code !== 0 || stdout.trim() !== PAGE)
        throw new Error(`the page was not fetched (exit code ${code}): ${stderr.trim() || stdout.trim()}`);
      return stdout;
    },
  },
  {
    title: 'A command inside the web server: it sees its own processes only',
    play: async (scene) => (await scene.exec(scene.name('web'), ['sh', '-c', 'hostname; ps -o pid,user,comm'])).stdout,
  },
  {
    title: 'What the web server has logged',
    async play(scene) {
      const { stdout, stderr } = await scene.logs(scene.name('web'));
      return stdout + stderr;
    },
  },
  {
    title: 'Stopped and removed',
    async play(scene) {
      const name = scene.name('web');
      await scene.client.text('ContainerStop', { params: { id: name }, query: { t: 10 } });
      const { State: state } = await scene.client.call('ContainerInspect', { params: { id: name } });
      await scene.remove(name);
      return `the web server ended with exit code ${state.ExitCode}`;
    },
  },
];

/** What is left afterwards, and what a person may want to type next. */
export const EPILOGUE = `No container is left. The daemon goes on, and the image ${IMAGE} stays. Try next:

  berth run --rm -it ${IMAGE}                     a shell in a container
  berth run -d --name web -p 8000:80 ${IMAGE} sh -c 'echo hi > /tmp/index.html; httpd -f -h /tmp'
  berth ps; berth logs web; berth exec web ps; berth rm -f web
  berth image bootstrap debian:bookworm         Debian itself, with apt-get
  berth images
  docker -H unix:///run/berth/berth.sock ps     the docker command works, too
  berth doctor                                  what this host has and lacks
`;
