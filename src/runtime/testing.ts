// What every runtime of processes must do: one suite, run on the fake and on the real one.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { randomId } from '../base/ids.ts';
import type { OciRuntime } from './choice/choose.ts';
import type { Console } from './monitor/console.ts';
import { LaunchError } from './monitor/launch.ts';
import type { ProcessRuntime } from './ports.ts';
import type { OciSpec } from './spec/index.ts';

export { FAKE_OCI, FakeRuntime } from './fake.ts';

const SIGKILL = 9;
const SIGTERM = 15;

export interface RuntimeCase {
  readonly runtime: ProcessRuntime;
  readonly oci: OciRuntime;
  readonly boot: string;
  readonly cgroupParent: string;
  readonly logFile: (id: string) => string;
  /** Of a container of this host that runs `args`, in its control group below the parent. */
  readonly spec: (id: string, args: readonly string[]) => OciSpec;
  readonly programs: {
    /** Ends with that code. */
    readonly ends: (code: number) => readonly string[];
    /** Has a handler for SIGTERM, says so with `ready`, and ends with 7. */
    readonly polite: readonly string[];
    /** Has no handler, and does not end. */
    readonly deaf: readonly string[];
    /** `out` to one, `err` to the other, and ends. */
    readonly says: readonly string[];
    /** Gives back what it reads, until it reads the end. */
    readonly echoes: readonly string[];
    /** No such program. */
    readonly missing: readonly string[];
  };
}

export function runtimeContract(name: string, open: () => Promise<RuntimeCase>): void {
  let opened: Promise<RuntimeCase> | undefined;

  test(`${name}: a process waits until it is let go, and its exit code is told`, async () => {
    await using box = await make('ends');
    await delay(50);
    assert.equal(box.code(), undefined);
    await box.release();
    assert.equal(await box.ended(), 3);
    assert.equal(box.exits.read(box.id), 3);
    assert.deepEqual(
      box.exits.present().filter(({ id }) => id === box.id),
      [{ id: box.id, code: 3 }],
    );
  });

  test(`${name}: a program that is not there is refused at its creation`, async () => {
    await assert.rejects(make('missing'), (error) => {
      assert.ok(error instanceof LaunchError);
      assert.match(error.message, /not found|no such file/i);
      return true;
    });
  });

  test(`${name}: a first process hears only the signals that it has a handler for`, async () => {
    await using deaf = await make('deaf');
    await deaf.release();
    // what becomes the program is the runtime for a moment yet
    await until(() => !deaf.runtime.catches(deaf.pid, SIGTERM));
    assert.equal(deaf.runtime.signal(deaf.pid, SIGTERM), true);
    await delay(100);
    assert.equal(deaf.alive(), true);
    deaf.runtime.signal(deaf.pid, SIGKILL);
    assert.equal(await deaf.ended(), 137);

    await using polite = await make('polite');
    await polite.ready();
    assert.equal(polite.runtime.catches(polite.pid, SIGTERM), true);
    polite.runtime.signal(polite.pid, SIGTERM);
    assert.equal(await polite.ended(), 7);
  });

  test(`${name}: a process is known by more than its number`, async () => {
    await using box = await make('deaf');
    await box.release();
    const { runtime, identity, boot } = box;
    assert.equal(runtime.alive(identity, boot), true);
    assert.equal(runtime.alive({ ...identity, ticks: '1' }, boot), false);
    assert.equal(runtime.alive(identity, 'another boot'), false);
    assert.equal(runtime.alive(undefined, boot), false);
    runtime.signal(box.pid, SIGKILL);
    await box.ended();
    await until(() => !box.alive());
  });

  test(`${name}: what is let go twice, or is gone, is refused`, async () => {
    await using box = await make('ends');
    await box.release();
    await assert.rejects(box.release(), LaunchError);
    await box.ended();
    await assert.rejects(box.release(), LaunchError);
  });

  test(`${name}: output of both kinds comes to whoever was connected before the start, then its end`, async () => {
    await using box = await make('says');
    const heard = listen(box.runtime.console(box.id));
    await box.release();
    await heard.ended;
    assert.deepEqual(heard.texts, { stdout: 'out\n', stderr: 'err\n' });
    assert.equal(await box.ended(), 0);
  });

  test(`${name}: input comes to the process in order, and so does its end`, async () => {
    await using box = await make('echoes');
    const console = box.runtime.console(box.id);
    const heard = listen(console);
    await box.release();
    await console.write(Buffer.from('one\n'));
    await console.write(Buffer.from('two\n'));
    await until(() => heard.texts.stdout === 'one\ntwo\n');
    console.closeInput();
    assert.equal(await box.ended(), 0);
    await heard.ended;
  });

  test(`${name}: an exec has its own output and its own end`, async () => {
    await using box = await make('deaf');
    await box.release();
    const said = await box.exec('says');
    await said.heard.ended;
    assert.deepEqual(said.heard.texts, { stdout: 'out\n', stderr: 'err\n' });
    assert.equal(await said.exit, 0);
    assert.equal(await (await box.exec('ends')).exit, 3);
    assert.equal(box.alive(), true);
    await assert.rejects(box.exec('missing'), LaunchError);
  });

  test(`${name}: the end of a container is the end of its execs, and it has no more of them`, async () => {
    await using box = await make('deaf');
    await box.release();
    const { exit } = await box.exec('deaf');
    box.runtime.signal(box.pid, SIGKILL);
    assert.equal(await box.ended(), 137);
    assert.equal(await exit, 137);
    await assert.rejects(box.exec('ends'), LaunchError);
  });

  test(`${name}: what is frozen does nothing until it is let go on`, async () => {
    await using box = await make('polite');
    await box.ready();
    await box.runtime.freeze(box.cgroup, true);
    box.runtime.signal(box.pid, SIGTERM);
    await delay(200);
    assert.equal(box.code(), undefined);
    await box.runtime.freeze(box.cgroup, false);
    assert.equal(await box.ended(), 7);
  });

  test(`${name}: what a container was started with can be read, and its processes listed`, async () => {
    await using box = await make('deaf');
    await box.release();
    assert.deepEqual(box.runtime.specOf(box.id).process.args, box.programs.deaf);
    assert.deepEqual(box.runtime.processes(box.cgroup), [box.pid]);
    assert.deepEqual(box.runtime.processes(join('/', box.cgroupParent, randomId())), []);
  });

  test(`${name}: limits are set while a container runs, and refused when it does not`, async () => {
    await using box = await make('deaf');
    await box.release();
    await box.runtime.limit(box.id, box.oci, { pids: { limit: 50 } });
    await box.runtime.clean(box.id, box.cgroup, box.oci);
    await assert.rejects(async () => box.runtime.limit(box.id, box.oci, { pids: { limit: 50 } }));
  });

  test(`${name}: a log is begun anew only by a monitor that is there`, async () => {
    await using box = await make('deaf');
    await box.release();
    assert.equal(box.runtime.reopenLog(box.id), true);
    await box.runtime.clean(box.id, box.cgroup, box.oci);
    await until(() => !box.runtime.reopenLog(box.id));
  });

  test(`${name}: cleaning leaves nothing, and is no error where nothing is`, async () => {
    await using box = await make('deaf');
    await box.release();
    await box.exec('deaf');
    await box.runtime.clean(box.id, box.cgroup, box.oci);
    assert.equal(box.runtime.isClean(box.id), true);
    assert.deepEqual(box.runtime.processes(box.cgroup), []);
    assert.equal(box.alive(), false);
    assert.equal(box.runtime.takeOutOfMemory(box.id), false);
    assert.throws(() => box.runtime.console(box.id));
    assert.throws(() => box.runtime.specOf(box.id));
    await box.runtime.clean(box.id, box.cgroup, box.oci);
  });

  test(`${name}: a sweep takes away what nobody knows, and nothing else`, async () => {
    await using known = await make('deaf');
    await using stranger = await make('deaf');
    await Promise.all([known.release(), stranger.release()]);
    await known.runtime.sweep(known.cgroupParent, (id) => id !== stranger.id);
    assert.equal(stranger.alive(), false);
    assert.equal(known.alive(), true);
  });

  type Kind = keyof RuntimeCase['programs'];

  /** A container whose process waits; taken away with all of it at the end. */
  async function make(kind: Kind) {
    opened ??= open();
    const given = await opened;
    const { runtime, oci, boot, cgroupParent, programs } = given;
    const argsOf = (one: Kind): readonly string[] => (one === 'ends' ? programs.ends(3) : programs[one]);
    const id = randomId();
    const cgroup = join('/', cgroupParent, id);
    let code: number | undefined;
    const end = Promise.withResolvers<number>();
    const exits = runtime.watchExits((exit) => {
      if (exit.id !== id) return;
      code = exit.code;
      end.resolve(exit.code);
    });
    const spec = given.spec(id, argsOf(kind));
    const tidy = async (): Promise<void> => {
      exits[Symbol.dispose]();
      await runtime.clean(id, cgroup, oci);
    };
    try {
      const { pid } = await runtime.create({
        id,
        name: 'c',
        spec,
        runtime: oci,
        logFile: given.logFile(id),
        logMaxBytes: undefined,
        stdin: kind === 'echoes',
        keepStdin: false,
      });
      const identity = runtime.identity(pid, boot);
      const alive = (): boolean => runtime.alive(identity, boot);
      return {
        ...given,
        id,
        pid,
        cgroup,
        identity,
        exits,
        alive,
        code: () => code,
        ended: () => end.promise,
        release: () => runtime.release(id, oci, alive),
        /** Lets it go, and waits until it says that it is ready. */
        ready: async () => {
          const heard = listen(runtime.console(id));
          await runtime.release(id, oci, alive);
          await until(() => heard.texts.stdout === 'ready\n');
        },
        exec: async (one: Kind) => {
          const process = { ...spec.process, args: [...argsOf(one)] };
          let heard: ReturnType<typeof listen> | undefined;
          const started = await runtime.exec(
            { id: randomId(), containerId: id, process, runtime: oci, stdin: false },
            (console) => {
              heard = listen(console);
            },
          );
          assert.ok(heard, 'nobody was told of the console');
          return { ...started, heard };
        },
        [Symbol.asyncDispose]: tidy,
      };
    } catch (error) {
      await tidy();
      throw error;
    }
  }
}

/** What comes over a connection. */
function listen(console: Console) {
  const texts = { stdout: '', stderr: '' };
  console.watch({
    write: (channel, data) => {
      texts[channel] += data.toString();
      return true;
    },
    drained: () => Promise.resolve(),
    end: () => undefined,
  });
  return { texts, ended: console.ended };
}

async function until(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; !holds(); await delay(5)) assert.ok(Date.now() < end, 'it did not come to be');
}
