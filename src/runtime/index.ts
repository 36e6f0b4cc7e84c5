// Containers as processes: created, let go, talked to, cleaned up after. Knows the OCI runtime and the monitor; knows no Docker.
export {
  chooseRuntime,
  identify,
  type OciRuntime,
  type RuntimeTable,
} from './choice/choose.ts';
export { sealed } from './sealed.ts';
export { RuntimeView } from './view.ts';
export { exitCodeOf, refusalWords } from './refusal.ts';
export { type LogLine, logPiece, type PieceHead } from './logs/lines.ts';
export { readLog } from './logs/read.ts';
export type { Channel, Console, Watcher } from './monitor/console.ts';
export { LogRotation } from './logs/rotate.ts';
export type { RotationBounds } from './logs/retain.ts';
export type { Exit } from './monitor/exits.ts';
export { LaunchError } from './monitor/launch.ts';
export { type ExecRoot, execRoot } from './paths.ts';
export type { Exits, ProcessIdentity, ProcessRuntime } from './ports.ts';
export { Runtime } from './runtime.ts';
export { tryRuntime } from './trial.ts';
