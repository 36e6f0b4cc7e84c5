import assert from 'node:assert/strict';
import { test } from 'node:test';
import { candidates, chooseAccelerator } from './accelerator.ts';
import { type Boot, qemuArguments } from './argv.ts';
import { layoutOf, machinesRoot, type Platform } from './layout.ts';
import { parseShare } from './shares.ts';
import { masterArguments, shellArguments } from './ssh.ts';

const images = { kernel: '/i/kernel', system: '/i/system.img', berth: '/i/berth,1.img' };

function boot(platform: Platform, root: string, more: Partial<Boot>): readonly string[] {
  return qemuArguments({
    platform,
    architecture: 'x64',
    accelerator: 'kvm',
    name: 'dev',
    layout: layoutOf(platform, root, 'dev'),
    images,
    cpus: 4,
    memory: 2048,
    shares: [],
    shareKind: '9p',
    sshPort: 40022,
    ...more,
  });
}

const lines = (args: readonly string[]): string => args.join('\n').replaceAll(/\n(?!-)/g, ' ');

test('on Linux: KVM, folders by virtiofs over shared memory', () => {
  assert.equal(
    lines(boot('linux', '/m', { shares: [parseShare('/home/kim')], shareKind: 'virtiofs' })),
    `-name berth-machine-dev,process=berth-machine-dev
-machine q35,memory-backend=memory
-accel kvm
-cpu host
-smp 4
-m 2048M
-object memory-backend-memfd,id=memory,size=2048M,share=on
-nodefaults
-display none
-no-reboot
-rtc base=utc,clock=host
-device virtio-rng-pci
-device virtio-balloon-pci,free-page-reporting=on
-serial file:/m/dev/console.log
-qmp unix:/m/dev/qmp.sock,server=on,wait=off
-kernel /i/kernel
-initrd /m/dev/initrd
-append console=ttyS0 quiet loglevel=4 panic=-1 random.trust_cpu=on
-drive if=virtio,format=raw,file=/i/system.img,readonly=on
-drive if=virtio,format=raw,file=/i/berth,,1.img,readonly=on
-drive if=virtio,format=raw,file=/m/dev/data.img,discard=unmap,detect-zeroes=unmap
-netdev user,id=net0,hostfwd=tcp:127.0.0.1:40022-:22
-device virtio-net-pci,netdev=net0,romfile=
-chardev socket,id=share0,path=/m/dev/share0.sock
-device vhost-user-fs-pci,chardev=share0,tag=share0
-pidfile /m/dev/pid
-daemonize`,
  );
});

test('on a Mac: Hypervisor.framework, folders by 9p, another processor and another console', () => {
  const args = lines(
    boot('darwin', '/Users/kim/.local/share/berth/machines', {
      architecture: 'arm64',
      accelerator: 'hvf',
      shares: [parseShare('/Users/kim'), parseShare('/Volumes/a,b:ro')],
    }),
  );
  assert.match(args, /^-name berth-machine-dev$/m);
  assert.match(args, /^-machine virt$/m);
  assert.match(args, /^-accel hvf\n-cpu host$/m);
  assert.match(args, /^-append console=ttyAMA0 /m);
  assert.match(
    args,
    /^-virtfs local,path=\/Users\/kim,mount_tag=share0,security_model=none,multidevs=remap\n-virtfs local,path=\/Volumes\/a,,b,mount_tag=share1,security_model=none,multidevs=remap,readonly=on$/m,
  );
  assert.match(args, /-daemonize$/);
});

test('on Windows: WHPX, the monitor on a port, nothing that its QEMU lacks', () => {
  const args = lines(
    boot('win32', 'C:\\m', { accelerator: 'whpx', shares: [parseShare('C:\\Users')], qmpPort: 40023 }),
  );
  assert.match(args, /^-accel whpx\n-cpu qemu64$/m);
  assert.match(args, /^-qmp tcp:127\.0\.0\.1:40023,server=on,wait=off$/m);
  assert.match(args, /^-serial file:C:\\m\\dev\\console\.log$/m);
  assert.doesNotMatch(args, /daemonize|pidfile|virtfs|unix:/);
});

test('without an accelerator the machine is emulated, and that is said', () => {
  assert.match(lines(boot('linux', '/m', { accelerator: 'tcg' })), /^-accel tcg,thread=multi\n-cpu max$/m);
  assert.deepEqual(chooseAccelerator('linux', new Set(['kvm'])), { accelerator: 'kvm' });
  assert.deepEqual(chooseAccelerator('darwin', new Set(['hvf'])), { accelerator: 'hvf' });
  for (const platform of ['linux', 'darwin', 'win32'] as const) {
    const { accelerator, warning = '' } = chooseAccelerator(platform, new Set());
    assert.equal(accelerator, 'tcg');
    assert.match(warning, new RegExp(`^${candidates(platform)[0]} cannot be used here: .*slower$`));
  }
  assert.match(chooseAccelerator('darwin', new Set(['hvf']), true).warning ?? '', /another processor/);
});

test('machines are kept where each system keeps the data of a user', () => {
  assert.equal(machinesRoot('linux', { HOME: '/home/kim' }), '/home/kim/.local/share/berth/machines');
  assert.equal(machinesRoot('linux', { HOME: '/h', XDG_DATA_HOME: '/d' }), '/d/berth/machines');
  assert.equal(machinesRoot('win32', { LOCALAPPDATA: 'C:\\L' }), 'C:\\L\\berth\\machines');
  assert.equal(machinesRoot('darwin', { HOME: '/Users/kim', BERTH_MACHINES: '/m' }), '/m');
});

test('a folder whose sockets no system could open is refused before anything is made', () => {
  assert.throws(() => layoutOf('linux', `/${'a'.repeat(100)}`, 'dev'), /too long for a socket/);
  assert.equal(layoutOf('win32', 'C:\\m', 'dev').data, 'C:\\m\\dev\\data.img');
});

test('ssh takes the key and the host key of the machine, and nothing of the user’s settings', () => {
  const layout = layoutOf('linux', '/m', 'dev');
  const options =
    '-F none -i /m/dev/key -p 40022 -o IdentitiesOnly=yes -o IdentityAgent=none -o UserKnownHostsFile="/m/dev/known_hosts" -o GlobalKnownHostsFile=none -o StrictHostKeyChecking=yes -o UpdateHostKeys=no -o HostKeyAlias=berth-machine-dev -o ConnectTimeout=10 -o LogLevel=ERROR';
  assert.equal(
    shellArguments(layout, 'dev', 40022, ['uname', '-a'], false).join(' '),
    `${options} root@127.0.0.1 uname -a`,
  );
  assert.equal(
    masterArguments(layout, 'dev', 40022).join(' '),
    `${options} -N -M -S /m/dev/ssh.sock -o ServerAliveInterval=5 -o ServerAliveCountMax=6 -o StreamLocalBindUnlink=yes -o StreamLocalBindMask=0177 -L /m/dev/berth.sock:/run/berth/berth.sock root@127.0.0.1`,
  );
});
