// RUN: the process of a step and what it sees mounted. Pure.
import { posix } from 'node:path';
import { invalid } from '../../base/errors.ts';
import { sandboxHostname } from '../model/build-arguments.ts';
import { heredocText, type Instruction, type Mount } from '../dockerfile/index.ts';
import { runEnvironment } from './scope.ts';
import type { StagePlan } from './stage.ts';
import { askedPath } from './transfer.ts';
import type { ExecMount, Op } from './vertex.ts';

/** Where a heredoc with an interpreter of its own is found. */
const PIPES = '/dev/pipes';

/** undefined while an image that a mount needs is missing. */
export function execOf(
  plan: StagePlan,
  run: Instruction<'run'>,
  mounts: readonly Mount[],
): { readonly op: Op<'exec'>; readonly inputs: readonly number[]; readonly args: readonly string[] } | undefined {
  const inputs = [plan.vertex];
  const execMounts: ExecMount[] = [];
  let missing = false;
  // a container of the classic builder has its image's volumes
  if (plan.planner.input.classic)
    for (const path of Object.keys(plan.config.Volumes ?? {}).sort())
      execMounts.push(volumeAt(posix.resolve('/', path)));
  for (const mount of mounts) {
    const made = mountOf(plan, mount, inputs);
    if (made) execMounts.push(made);
    else missing = true;
  }
  if (missing) return undefined;
  const { args, scripts } = commandAndScripts(plan, run);
  const { env, args: given, hidden } = runEnvironment(plan.config.Env ?? [], plan.args, plan.planner.input.buildArgs);
  const insecure = run.security === 'insecure';
  const { network: usual, entitlements } = plan.planner.input;
  if (insecure && !entitlements.includes('security.insecure')) throw invalid('security.insecure is not allowed');
  if (run.network === 'host' && usual !== 'host' && !entitlements.includes('network.host'))
    throw invalid('network.host is not allowed');
  const hostname = sandboxHostname(plan.planner.input.buildArgs);
  const asked = run.network === 'default' ? usual : run.network;
  return {
    op: {
      kind: 'exec',
      args,
      env: [...env, ...given],
      hiddenEnv: hidden,
      cwd: plan.config.WorkingDir || '/',
      user: plan.config.User ?? '',
      mounts: execMounts,
      network: asked === 'none' || asked === 'host' ? asked : 'default',
      insecure,
      ...(hostname === undefined ? {} : { hostname }),
      platform: plan.platform,
      command: args.join(' '),
      scripts,
    },
    inputs,
    args: given,
  };
}

/** `RUN []` is nothing that BuildKit could run; the classic builder runs what a container of the image would. */
function wordsOf(plan: StagePlan, run: Instruction<'run'>): string[] {
  const words = plan.command(run);
  if (words.length > 0) return words;
  if (!plan.planner.input.classic) throw invalid('failed to marshal LLB definition: arguments are required');
  const own = [...(plan.config.Entrypoint ?? []), ...(plan.config.Cmd ?? [])];
  if (own.length === 0) throw invalid('no command specified');
  return own;
}

function commandAndScripts(
  plan: StagePlan,
  run: Instruction<'run'>,
): { args: string[]; scripts: Op<'exec'>['scripts'] } {
  const [first] = run.heredocs;
  if (!first) return { args: wordsOf(plan, run), scripts: [] };
  const line = run.args[0] ?? '';
  const alone = /^\d*<<-?\s*(["']?)[A-Za-z_][\w.]*\1$/.test(line.trim());
  if (!alone) {
    const full = run.heredocs.reduce((text, one) => `${text}\n${one.content}${one.name}`, line);
    return { args: plan.command({ shell: true, args: [full] }), scripts: [] };
  }
  const content = heredocText(first);
  if (!first.content.startsWith('#!')) return { args: plan.command({ shell: true, args: [content] }), scripts: [] };
  const path = `${PIPES}/${first.name}`;
  return { args: plan.command({ shell: true, args: [path] }), scripts: [{ path, content }] };
}

function volumeAt(path: string): ExecMount {
  return {
    type: 'volume',
    input: 0,
    source: path,
    target: path,
    readOnly: false,
    size: 0,
    id: path,
    sharing: 'private',
    required: false,
    env: undefined,
    mode: undefined,
    uid: 0,
    gid: 0,
  };
}

function mountOf(plan: StagePlan, mount: Mount, inputs: number[]): ExecMount | undefined {
  const { type } = mount;
  const cwd = plan.config.WorkingDir || '/';
  const target = targetOf(mount, cwd);
  if (target === '/') throw invalid('invalid mount target "/"');
  let input: number | undefined;
  if (type === 'bind' || (type === 'cache' && mount.from !== '')) {
    const paths = [askedPath(mount.source)];
    const vertex =
      mount.from === '' ? plan.planner.context('', paths) : plan.planner.from(mount.from, plan.stage, paths);
    if (vertex === undefined) return undefined;
    input = inputs.push(vertex) - 1;
  }
  return {
    type,
    input,
    source: posix.resolve('/', mount.source),
    target,
    readOnly: mount.readOnly,
    size: mount.size,
    id: mount.id || (type === 'cache' ? target : type === 'ssh' ? 'default' : posix.basename(mount.source || target)),
    sharing: mount.sharing ?? 'shared',
    required: mount.required,
    env: type === 'secret' && mount.env !== undefined ? mount.env || mount.id : undefined,
    mode: mount.mode,
    uid: mount.uid ?? 0,
    gid: mount.gid ?? 0,
  };
}

function targetOf(mount: Mount, cwd: string): string {
  if (mount.target !== '') return posix.resolve(cwd, mount.target);
  if (mount.type === 'secret')
    return mount.env === undefined ? `/run/secrets/${posix.basename(mount.id || mount.source)}` : '';
  if (mount.type === 'ssh') return '';
  return cwd;
}
