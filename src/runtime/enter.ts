// A static program of 200 bytes in place of nsenter(1): enters a mount namespace and becomes another program. A program that is linked
// at its start costs a millisecond before its first instruction, most of it for questions to the processor that a hypervisor answers.

import { findProgram } from '../host/find.ts';
import { sealProgram } from '../host/sealed.ts';
import { staticProgram } from './elf.ts';

/** `open(argv[1])`, `setns(fd, CLONE_NEWNS)`, `execve(argv[2], argv + 2, environment)`; exit code 126 when one of them fails. */
const X64 = [
  [0x48, 0x8b, 0x7c, 0x24, 0x10], // mov rdi, [rsp+16]
  [0xbe, 0x00, 0x00, 0x08, 0x00], // mov esi, O_CLOEXEC
  [0xb8, 0x02, 0x00, 0x00, 0x00], // mov eax, open
  [0x0f, 0x05], // syscall
  [0x85, 0xc0], // test eax, eax
  [0x78, 0x2c], // js fail
  [0x89, 0xc7], // mov edi, eax
  [0xbe, 0x00, 0x00, 0x02, 0x00], // mov esi, CLONE_NEWNS
  [0xb8, 0x34, 0x01, 0x00, 0x00], // mov eax, setns
  [0x0f, 0x05], // syscall
  [0x85, 0xc0], // test eax, eax
  [0x78, 0x1a], // js fail
  [0x48, 0x8b, 0x7c, 0x24, 0x18], // mov rdi, [rsp+24]
  [0x48, 0x8d, 0x74, 0x24, 0x18], // lea rsi, [rsp+24]
  [0x48, 0x8b, 0x04, 0x24], // mov rax, [rsp]
  [0x48, 0x8d, 0x54, 0xc4, 0x10], // lea rdx, [rsp+rax*8+16]
  [0xb8, 0x3b, 0x00, 0x00, 0x00], // mov eax, execve
  [0x0f, 0x05], // syscall
  [0xbf, 0x7e, 0x00, 0x00, 0x00], // fail: mov edi, 126
  [0xb8, 0x3c, 0x00, 0x00, 0x00], // mov eax, exit
  [0x0f, 0x05], // syscall
].flat();

let program: { readonly path: string } | undefined;

/** The words before a command that run it in the mount namespace of `file`: this program, or nsenter where it has no code or cannot run. */
export function enterMounts(file: string): readonly string[] {
  const nsenter = [findProgram('nsenter') ?? 'nsenter', `--mount=${file}`, '--'];
  if (process.arch !== 'x64') return nsenter;
  try {
    program ??= sealProgram('enter', staticProgram('x64', X64));
    return [program.path, file];
  } catch {
    return nsenter;
  }
}
