// Everyday files with everything that people write into them, and what is wrong with some, for both tools.
import { IDLE, type Scenario } from './compose-pair.ts';

export const FILES: readonly Scenario[] = [
  {
    name: 'everyday',
    takesOver: '$ PW=pw compose up -d',
    files: {
      '.env': `TAG=latest\nQ='single $TAG'\nD="double \${TAG}\\n2nd"\nU=plain value # comment\nM="a\nb"\nEMPTY=\n`,
      'web.env': `A=1\nB="two words"\nC='raw $D'\nD=\${TAG}\nexport E=e\nF\n`,
      'compose.yaml': `name: everyday
x-common: &common
  image: busybox:\${TAG:-x}
  command: ["sleep", "1000"]
  stop_grace_period: 0s
  restart: unless-stopped
  logging: {driver: json-file, options: {max-size: 10m, max-file: "3"}}
services:
  web:
    <<: *common
    env_file: [web.env, {path: nosuch.env, required: false}]
    environment:
      - QQ=\${Q}
      - DD=\${D}
      - UU=\${U}
      - MM=\${M}
      - ALT=\${TAG:+set}
      - DOLLAR=$$HOME
      - PASS
    ports: ["127.0.0.1:28300-28301:8000-8001", {target: 9000, published: "28310", protocol: udp, host_ip: 127.0.0.1}]
    healthcheck: {test: ["CMD", "true"], interval: 300ms, timeout: 2s, retries: 2, start_period: 1s}
    depends_on:
      init: {condition: service_completed_successfully}
      db: {condition: service_healthy, restart: true}
    secrets: [plain, {source: envd, target: /etc/envd, mode: 0400}]
    configs: [{source: conf, target: /etc/conf.txt}, inline]
    volumes: ["data:/data:ro", "./src:/src", {type: tmpfs, target: /scratch, tmpfs: {size: 1m}}]
    deploy: {resources: {limits: {cpus: "0.5", memory: 64M, pids: 50}, reservations: {memory: 16M}}}
    cap_add: [NET_ADMIN]
    cap_drop: [ALL]
    sysctls: {net.core.somaxconn: 1024}
    ulimits: {nofile: {soft: 100, hard: 200}, nproc: 50}
    extra_hosts: ["somehost:10.1.2.3", "other=10.1.2.4"]
    hostname: webhost
    user: "1:1"
    working_dir: /tmp
    labels: {a.b: "c", d: ""}
    networks: {front: {aliases: [www]}, back: {priority: 10}}
  db:
    <<: *common
    healthcheck: {test: "true", interval: 300ms}
    volumes: [data:/data]
    networks: [back]
    read_only: true
    tmpfs: [/run, "/tmp:size=1m"]
    shm_size: 8m
    mem_limit: 32m
    cpus: 0.25
    init: true
    security_opt: [no-new-privileges:true]
  init: {image: busybox, command: "true", networks: [back]}
  debug: {<<: *common, profiles: [debug], networks: [back]}
networks: {front: {driver_opts: {com.docker.network.bridge.name: brz0}}, back: {internal: true, ipam: {config: [{subnet: 10.213.7.0/24}]}}}
volumes: {data: {labels: {keep: "yes"}}}
secrets: {plain: {file: ./s.txt}, envd: {environment: PW}}
configs: {conf: {file: ./c.txt}, inline: {content: "tag is \${TAG}\\n"}}
`,
      's.txt': 'secret\n',
      'c.txt': 'conf\n',
      'src/x': 'x\n',
    },
    lines: `
$ PW=pw compose config
$ PW=pw compose config --hash '*'
$ PW=pw compose config --format json
$ compose config --services | sort
$ compose config --volumes | sort
$ compose config --networks | sort
$ compose config --profiles
$ compose config --environment | grep -v '^\\(PATH\\|_\\|SHLVL\\|OLDPWD\\|PWD\\|HOME\\|BERTH\\|DOCKER\\)'
$ compose config --variables --format json >/dev/null
$ compose config --no-interpolate
$ compose config -q
$ compose config web
$ compose config nosuch
$ compose config --no-normalize
$ compose config --no-path-resolution
$ compose config --no-env-resolution
$ compose config --no-consistency
$ compose config --format xml
$ compose config -o out.yaml; cat out.yaml
$ compose --profile debug config --services | sort
$ compose up -d
$ PW=pw compose up -d
$ compose logs init
$ compose exec -T web sh -c 'env | grep -v HOSTNAME | sort; cat /etc/conf.txt /inline /run/secrets/plain; ls /src; id -u; ulimit -n; grep somehost /etc/hosts'
$ PW=pw compose up -d
$ PW=pw compose --profile debug up -d
$ PW=pw compose ps --format '{{.Service}} {{.Ports}}'
$ PW=pw compose port web 8001
$ PW=pw compose down
$ PW=pw compose --profile debug down -v
`,
  },
  {
    name: 'merged',
    takesOver: 'up -d',
    files: {
      'compose.yaml': `services:
  web:
    extends: {file: base.yaml, service: base}
    environment: {X: "2", Y: null}
    ports: ["127.0.0.1:28401:80"]
    labels: [one=1]
include: [other/inc.yaml]
`,
      'base.yaml': `services:
  base:
    image: busybox
    command: sleep 1000
    stop_grace_period: 0s
    environment: [X=1, Z=3]
    env_file: [b.env]
    ports: ["127.0.0.1:28400:80"]
    build: {context: ./ctx, args: {A: "1"}}
    volumes: ["./rel:/rel"]
`,
      'b.env': 'ENVD=base\n',
      'other/inc.yaml': `services: {side: {image: "busybox:\${T}", command: sleep 1000, stop_grace_period: 0s, volumes: ["./here:/here"]}}\n`,
      'other/.env': 'T=latest\n',
      'compose.override.yaml': `services:
  web: {labels: {two: "2"}, environment: {X: !reset null, N: new}, ports: !override ["127.0.0.1:28402:80"]}
`,
      'extra.yaml': `services: {web: {command: !reset null, entrypoint: ["sleep", "999"]}, side: {scale: 2}}\n`,
      'ctx/Dockerfile': 'FROM busybox\n',
    },
    lines: `
config
config --hash web
config --hash side
config --hash nosuch
config --no-interpolate
-f compose.yaml config
-f compose.yaml -f extra.yaml config
-f nosuch.yaml config
-f other config
--project-directory other config
--project-directory /nosuch config
-p Bad config
-p '' config -q
up -d
-f compose.yaml -f extra.yaml up -d
ps --format '{{.Name}} {{.Image}} {{.State}}'
-f compose.yaml -f compose.override.yaml up -d
down
-p other ps
-p other down
-p other logs
-p other stop
`,
  },
  {
    name: 'failing',
    takesOver: '-f netmode.yaml up -d',
    files: {
      'compose.yaml': `services:
  a: {${IDLE}, depends_on: {init: {condition: service_completed_successfully}}}
  init: {image: busybox, command: "sh -c 'exit 4'"}
`,
      'sick.yaml': `services:
  a: {${IDLE}, depends_on: {db: {condition: service_healthy}}}
  db: {${IDLE}, healthcheck: {test: "false", interval: 100ms, retries: 1}}
`,
      'nohc.yaml': `services:
  a: {${IDLE}, depends_on: {db: {condition: service_healthy}}}
  db: {${IDLE}}
`,
      'optional.yaml': `services:
  a: {${IDLE}, depends_on: {db: {condition: service_healthy, required: false}}}
  db: {${IDLE}, healthcheck: {test: "false", interval: 100ms, retries: 1}}
`,
      'badcmd.yaml': `services: {a: {image: busybox, command: nosuchcmd}}\n`,
      'baduser.yaml': `services: {a: {image: busybox, command: "true", user: nosuch}}\n`,
      'extnet.yaml': `services: {a: {${IDLE}, networks: [n]}}\nnetworks: {n: {external: true}}\n`,
      'extvol.yaml': `services: {a: {${IDLE}, volumes: ["v:/v"]}}\nvolumes: {v: {external: true, name: zz}}\n`,
      'bind.yaml': `services: {a: {${IDLE}, volumes: [{type: bind, source: ./nosuch, target: /x, bind: {create_host_path: false}}]}}\n`,
      'hooks.yaml': `services: {a: {${IDLE}, post_start: [{command: "sh -c 'echo hi > /started'"}], pre_stop: [{command: "true"}]}}\n`,
      'hookbad.yaml': `services: {a: {${IDLE}, post_start: [{command: "sh -c 'echo bad; exit 3'"}]}}\n`,
      'wait.yaml': `services: {a: {image: busybox, command: "true"}, b: {${IDLE}}}\n`,
      'restart.yaml': `services: {a: {image: busybox, command: "sh -c 'sleep 0.1; exit 1'", restart: "on-failure:2"}}\n`,
      'secret.yaml': `services: {a: {${IDLE}, secrets: [s]}}\nsecrets: {s: {environment: NOSUCH}}\n`,
      'secretf.yaml': `services: {a: {${IDLE}, secrets: [s]}}\nsecrets: {s: {file: ./nosuch}}\n`,
      'cname.yaml': `services: {a: {${IDLE}, container_name: taken}}\n`,
      'netmode.yaml': `services: {a: {${IDLE}}, b: {${IDLE}, network_mode: "service:a"}, c: {${IDLE}, pid: "service:a", ipc: "service:a"}, d: {${IDLE}, network_mode: none}, e: {${IDLE}, network_mode: host}}\n`,
      'links.yaml': `services: {a: {${IDLE}, links: ["b:alias"]}, b: {${IDLE}}, c: {${IDLE}, volumes_from: [b]}}\n`,
      'gpu.yaml': `services: {a: {${IDLE}, gpus: all}}\n`,
      'plat.yaml': `services: {a: {${IDLE}, platform: linux/arm64}}\n`,
    },
    lines: `
up -d
up -d
down
-f sick.yaml up -d
-f sick.yaml down
-f nohc.yaml up -d
-f nohc.yaml down
-f optional.yaml up -d
-f optional.yaml down
-f badcmd.yaml up -d
-f badcmd.yaml down
-f baduser.yaml up -d
-f baduser.yaml down
-f extnet.yaml up -d
-f extvol.yaml up -d
-f bind.yaml up -d
-f bind.yaml down
-f hooks.yaml up -d
-f hooks.yaml exec -T a cat /started
-f hooks.yaml restart -t 0
-f hooks.yaml down
-f hookbad.yaml up -d
-f hookbad.yaml down
$ compose -f wait.yaml up --wait 2>/dev/null; echo $?
-f wait.yaml down
$ compose -f restart.yaml up -d; sleep 2; compose -f restart.yaml ps -a --format '{{.State}} {{.ExitCode}}'
-f restart.yaml down
-f secret.yaml up -d
-f secretf.yaml up -d
-f secretf.yaml down
$ berth create --name taken busybox >/dev/null
-f cname.yaml up -d
$ berth rm taken
-f cname.yaml up -d --scale a=2
-f cname.yaml down
-f netmode.yaml up -d
-f netmode.yaml up -d --force-recreate a
-f netmode.yaml down
-f links.yaml up -d
-f links.yaml up -d
-f links.yaml down
-f gpu.yaml up -d
-f gpu.yaml down
`,
  },
  {
    name: 'builds',
    takesOver: 'up -d one two three --quiet-build',
    files: {
      'compose.yaml': `services:
  one: {build: ., command: sleep 1000, stop_grace_period: 0s}
  two:
    image: made/two:1
    build: {context: ./two, dockerfile: D, target: last, args: {WHO: "\${WHO:-me}", PASSED: }, labels: {l: "1"}, secrets: [s], additional_contexts: {extra: ./extra}, tags: [made/two:other]}
    stop_grace_period: 0s
  three: {build: {dockerfile_inline: "FROM busybox\\nRUN echo three > /who\\n"}, command: cat /who}
  four: {build: {context: ., no_cache: false, shm_size: 64m, extra_hosts: ["h:1.2.3.4"], network: host}, pull_policy: build, command: sleep 1000, stop_grace_period: 0s}
secrets: {s: {file: ./s.txt}}
`,
      Dockerfile: 'FROM busybox\nRUN echo one > /who\n',
      's.txt': 'sss',
      'two/D':
        'FROM busybox AS first\nFROM first AS last\nARG WHO\nARG PASSED\nRUN --mount=type=secret,id=s echo "$WHO $PASSED $(cat /run/secrets/s)" > /who\nCOPY --from=extra e /e\nCMD ["sh", "-c", "cat /who /e; exec sleep 1000"]\n',
      'extra/e': 'extra\n',
      'bad.yaml': `services: {bad: {build: {dockerfile_inline: "FROM busybox\\nRUN exit 3\\n"}}}\n`,
    },
    lines: `
config
config --hash '*'
$ compose build -q 2>/dev/null; echo $?
$ compose build nosuch
$ compose up -d --no-build 2>/dev/null; echo $?
$ PASSED=x compose up -d --build --quiet-build 2>/dev/null; echo $?
logs two --no-log-prefix
logs three --no-log-prefix
$ berth image inspect -f '{{json .Config.Labels}}' made/two:other
$ compose up -d --quiet-build 2>/dev/null; echo $?
$ compose -f bad.yaml up -d --quiet-build 2>/dev/null; echo $?
$ compose -f bad.yaml build -q 2>/dev/null; echo $?
down --rmi local
down --rmi all
`,
  },
];
