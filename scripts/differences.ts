// Where Berth means to differ from dockerd 28.5: what a user sees in one and in the other, with the reason. Goes into docs/compat.md.

interface Difference {
  readonly area: string;
  readonly docker: string;
  readonly berth: string;
  readonly why: string;
}

const DIFFERENCES: readonly Difference[] = [
  {
    area: 'builds',
    docker: '`--exclude` of COPY and ADD is not looked at for a source that is a file',
    berth: 'a file that a pattern matches is left out, as the reference says',
    why: 'whoever excludes `*.txt` wants none',
  },
  {
    area: 'limits',
    docker: 'an exec has few open files or small files (`--ulimit nofile=20`, `fsize=0`) from its first instruction',
    berth: 'under crun a moment later; the container itself has them from its first instruction',
    why: 'crun could not start the exec otherwise',
  },
  {
    area: 'compose',
    docker: 'the place of an error is named by its keys',
    berth: 'below the same words stand file, line, column and the line itself',
    why: 'a file may have thousands of lines',
  },
  {
    area: 'compose',
    docker: '`config --format json` fails where `build.ssh` has a path; networks named `x-…` cannot be used',
    berth: 'both work',
    why: 'they are slips of its encoder and of its reading of extensions; all else is alike in 5,097 of 5,112 comparisons (docs/design/compose.md)',
  },
  {
    area: 'daemon',
    docker: 'containers end with the daemon, unless `live-restore` is on',
    berth: '`live-restore` is on, so that they go on; `"live-restore": false` stops them as there',
    why: 'each container has a monitor of its own, and an update of the daemon interrupts nobody',
  },
  {
    area: 'daemon',
    docker: 'forwarding that it turned on stays on when it has ended',
    berth: 'it is turned off again by the last daemon that needs it',
    why: 'the host is as it was',
  },
  {
    area: 'daemon',
    docker: 'TCP without TLS on every address is warned of',
    berth: 'refused but for the loopback, unless `--allow-insecure-tcp` is given; warned of as there',
    why: 'it gives root to the network',
  },
  {
    area: 'daemon',
    docker: '`storage-driver`, `userland-proxy`, `iptables` and others that are about how it is made',
    berth:
      'taken, and named in one warning; `userns-remap`, `selinux-enabled`, `rootless` and authorization plugins end the start',
    why: 'the programs can be exchanged; who asks to be kept apart must not be ignored',
  },
  {
    area: 'names',
    docker: 'a container of the default network asks the host’s name servers itself',
    berth: 'it asks 127.0.0.11, which knows the containers of the network, and asks the host’s servers for the rest',
    why: 'names work on every network, and follow the host when its servers change; `--dns` names others, as there',
  },
  {
    area: 'mounts',
    docker: '`--tmpfs /t:shared` is shared with mount namespaces of the container',
    berth: 'private under crun 1.8, which makes all mounts private at the end; shared under runc',
    why: 'a shared root would let mounts of the container reach the host',
  },
  {
    area: 'exec',
    docker: 'an exec without a terminal leads a session',
    berth: 'not under crun 1.8, whose exec makes none; under runc it does',
    why: 'only the process itself can begin a session',
  },
  {
    area: 'ports',
    docker: 'an exposed port that is no port (`70000/tcp`, `banana`) is kept, and shown as 0/tcp',
    berth: 'refused by name; of an image the other ports are taken',
    why: 'nobody can reach port 0',
  },
  {
    area: 'ports',
    docker: 'a binding of a port that is not exposed over the API is dropped without a word',
    berth: 'it is published',
    why: 'who names a host port wants it',
  },
  {
    area: 'ports',
    docker: 'a binding whose address is none (`localhost`) is published on every address of the host',
    berth: 'refused',
    why: 'who names an address wants fewer, not more',
  },
  {
    area: 'names',
    docker:
      'what is no address of a name server is refused when the container starts; line breaks in search domains and options are written into the file',
    berth: 'both are refused when it is created',
    why: 'nothing is left behind, and no field writes lines of its own',
  },
  {
    area: 'networks',
    docker: 'two containers with one MAC address start, and neither is reached',
    berth: 'the second one is refused',
    why: 'a switch sends frames to one of them',
  },
  {
    area: 'networks',
    docker:
      'the `--ip` of a container that is stopped is given to the next one that names none, and it cannot start again',
    berth: 'it is kept; who names it may have it',
    why: 'who gives an address wants it after a restart too',
  },
  {
    area: 'events',
    docker: '`stop` and network `disconnect` come before `die`',
    berth: '`die` comes first; a container is there for 100 ms after it while somebody follows events',
    why: 'who reads `die` can inspect the container',
  },
  {
    area: 'resources',
    docker: '`update --memory` is refused where swap has no limit (-1), or where neither had one',
    berth: 'the limit is set; a first one brings the swap that a create gives',
    why: 'nobody asked for less swap',
  },
  {
    area: 'health',
    docker: '`--health-start-interval` is ignored without a start period, and may delay the first probe that counts',
    berth: 'without one the first interval is the start period; its end is never slept through',
    why: 'what is set has an effect',
  },
  {
    area: 'builds',
    docker: 'of several files copied to one name without a slash (`COPY a b /x`) the last one stays, without a word',
    berth: 'refused where /x is no directory; wildcards may still mean one file',
    why: 'the other files are lost',
  },
  {
    area: 'builds',
    docker: 'an ARG after an ENV of the same name counts, though the reference says that ENV always wins',
    berth: 'the same, as BuildKit does it',
    why: 'Dockerfiles are written for what the builder does',
  },
  {
    area: 'builds',
    docker: '`WORKDIR /w/.` is kept as it is written',
    berth: '`/w`',
    why: 'it is the same directory, and programs compare paths',
  },
  {
    area: 'builds',
    docker: 'names resolve by the host’s own servers in RUN; /etc/hosts and /etc/resolv.conf are read-only there',
    berth:
      'by the network’s server, so that containers of a `--network` are found; both files can be written, and are thrown away',
    why: 'a build on a network sees what a container there does',
  },
  {
    area: 'logs',
    docker: '`LogPath` is `<id>-json.log`, JSON lines',
    berth:
      '`container.log`, lines as Kubernetes’ runtimes write them (`time stream F|P text`): shippers read it with their `cri` parser. There is no JSON file',
    why: 'containers write their logs while the daemon is away ([ADR 105](adr/0105-logs-are-written-by-the-monitor.md))',
  },
  {
    area: 'logs',
    docker: 'a line of more than 16 KiB has a time before each piece in `logs -t`, and `--since` may cut it',
    berth: 'one time, that of its beginning',
    why: 'it is one line',
  },
];

export function differences(): string[] {
  return [
    '| area | dockerd 28.5 | Berth | why |',
    '| --- | --- | --- | --- |',
    ...DIFFERENCES.map(({ area, docker, berth, why }) => `| ${area} | ${docker} | ${berth} | ${why} |`),
  ];
}
