// `npm run fuzz -- SUBJECT`: cases made by chance, done by Berth and by a dockerd, compared.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PAIRS, runPairs } from './pairs/run.ts';

const BUILDS = ['dockerfile', 'ignore', 'links'];

const HELP = `npm run fuzz -- SUBJECT --berth unix://PATH --dockerd unix://PATH [options]

Builds, whose images are compared file by file: ${BUILDS.join(', ')}
  create      bodies of container creates: status and message, or what inspect shows
  command     command lines of run and create: exit code, output, errors
  template    templates of --format, by both clients on Berth (no dockerd is needed)
  archive     archives, imported as images

Both daemons need an image "busybox", the same one.

  --seconds N      how long new cases are made (60)
  --seed N         the first seed; each case has the next one (the time)
  --count N        at most so many cases
  --docker PATH    Docker's client (docker)
  --client NAME    of builds: docker, classic or berth
  --save DIR       where cases that differ are kept, made small
`;

const [subject = ''] = process.argv.slice(2).filter((word) => !word.startsWith('-'));
if (BUILDS.includes(subject)) await import('./builds/run.ts');
else {
  const { values } = parseArgs({
    allowPositionals: true,
    options: {
      dockerd: { type: 'string', default: '' },
      berth: { type: 'string' },
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: String(Date.now() % 1e9) },
      count: { type: 'string', default: '1e9' },
      docker: { type: 'string', default: 'docker' },
      client: { type: 'string' },
      save: { type: 'string', default: join(tmpdir(), 'fuzz-failures') },
      help: { type: 'boolean', default: false },
    },
  });
  const pair = PAIRS.find((one) => one === subject);
  if (values.help || pair === undefined || values.berth === undefined) {
    process.stdout.write(HELP);
    process.exit(values.help ? 0 : 2);
  }
  const program = new URL('../../berth', import.meta.url).pathname;
  await runPairs(pair, {
    berth: { host: values.berth, client: program, isBerth: true },
    dockerd: { host: values.dockerd, client: values.docker, isBerth: false },
    seconds: Number(values.seconds),
    seed: Number(values.seed),
    count: Number(values.count),
    save: values.save,
  });
}
