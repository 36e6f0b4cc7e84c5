import { specInput } from './spec/testing.ts';
import { specFor } from './spec/index.ts';
import { FAKE_OCI, FakeRuntime, runtimeContract } from './testing.ts';

const runtime = new FakeRuntime();

runtimeContract('the fake', () =>
  Promise.resolve({
    runtime,
    oci: FAKE_OCI,
    boot: 'this boot',
    cgroupParent: 'berth/test',
    logFile: () => '/nowhere',
    spec: (id, args) =>
      specFor(specInput({ config: { Cmd: args }, input: { id, cgroupPath: `/berth/test/${id}` } })).spec,
    programs: {
      ends: (code) => ['ends', String(code)],
      polite: ['polite'],
      deaf: ['deaf'],
      says: ['says'],
      echoes: ['echoes'],
      missing: ['missing'],
    },
  }),
);
