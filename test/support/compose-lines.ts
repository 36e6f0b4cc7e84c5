// Everyday projects and command lines on them, which docker compose and Berth's own are to answer alike.
import { IDLE, type Scenario } from './compose-pair.ts';

/** Two services and a one-shot job: what most command lines need. */
const BASIC = `services:
  web: {${IDLE}, ports: ["127.0.0.1::80", "127.0.0.1::81/udp"], depends_on: [db], labels: {tier: front}}
  db: {${IDLE}, volumes: ["data:/data", "/anon"]}
  job: {image: busybox, command: "sh -c 'echo done; exit 3'", profiles: [jobs]}
volumes: {data: {}}
`;

export const LINES: readonly Scenario[] = [
  {
    name: 'ups',
    files: { 'compose.yaml': BASIC },
    lines: `
up -d
up -d
up -d --scale web=2
up -d --scale web=2 --no-recreate
up -d --scale web=2 --force-recreate web
up -d --scale web=1
up -d --force-recreate --no-deps web
up -d --always-recreate-deps
up -d --force-recreate --no-recreate
up -d -V
up -d --no-deps -V db
up -d --scale web=0
up -d --scale web
up -d --scale web=x
up -d --scale nosuch=2
up -d nosuch
up -d --no-start
up --no-start
up -d --wait
up -d --wait --wait-timeout 5
up --wait --attach web
up -d --attach web
up -d --abort-on-container-exit
up -d --exit-code-from web
up -d --watch
up -d --build --no-build
up -d --pull nosuch
up -d --pull never
up -d --pull missing --quiet-pull
up -d -t 0 --renew-anon-volumes --remove-orphans
up -d --no-color --no-log-prefix --timestamps
$ compose up -d job; sleep 1
up --abort-on-container-exit --abort-on-container-failure
up --exit-code-from nosuch
up --dependencies
up -d --scale web=3 web
scale
scale web
scale web=x
scale web=1 db=1
scale --no-deps web=2
scale nosuch=1
down --rmi nosuch
down nosuch
down -v web
down
down
down --remove-orphans -v --rmi local -t 0
`,
  },
  {
    name: 'attached',
    files: {
      'compose.yaml': `services:
  one: {image: busybox, command: "sh -c 'echo one out; sleep 0.5; exit 4'", stop_grace_period: 0s}
  two: {image: busybox, command: "sh -c 'sleep 0.2; echo two err >&2; exec sleep 1000'", stop_grace_period: 0s}
`,
      'good.yaml': `services:
  one: {image: busybox, command: "sh -c 'echo one; printf open'", stop_grace_period: 0s}
  two: {image: busybox, command: "sh -c 'sleep 3; exit 5'", stop_grace_period: 0s}
`,
      'all.yaml': `services:
  one: {image: busybox, command: "sh -c 'echo hello'"}
`,
      'quiet.yaml': `services:
  loud: {image: busybox, command: "sh -c 'echo loud; exit 0'"}
  shy: {image: busybox, command: "sh -c 'echo shy; sleep 4'", attach: false}
`,
    },
    lines: `
~ up --abort-on-container-exit
~ up --exit-code-from one
~ up --exit-code-from two
~ up --abort-on-container-failure
~ -f good.yaml up --abort-on-container-failure
~ -f good.yaml up --abort-on-container-exit --remove-orphans
~ -f good.yaml up --exit-code-from two
~ -f all.yaml up --remove-orphans
~ -f all.yaml up --timestamps
~ -f all.yaml up --no-log-prefix
~ -f all.yaml up --no-color
~ -f quiet.yaml up --remove-orphans
-f quiet.yaml down
~ -f quiet.yaml up --attach shy
~ -f quiet.yaml up --attach nosuch
~ -f quiet.yaml logs
~ -f quiet.yaml logs --no-log-prefix
~ -f quiet.yaml logs loud nosuch
~ -f quiet.yaml logs --tail 0
~ -f quiet.yaml logs --tail x
~ -f quiet.yaml logs -t
~ -f quiet.yaml logs --index 1 loud
~ -f quiet.yaml logs --index 2 loud
~ -f quiet.yaml logs --since nonsense
`,
  },
  {
    name: 'listed',
    files: { 'compose.yaml': BASIC },
    lines: `
ps
ps -q
up -d --scale web=2
ps
ps -a
ps -q
ps --services
ps --services -a
ps --format json
ps --format '{{.Name}} {{.State}} {{.Service}} {{.Image}} {{.Health}} {{.ExitCode}} {{.Project}}'
ps --format 'table {{.Name}}\\t{{.Service}}'
ps --format bogus
ps --format '{{.Nosuch}}'
ps --format pretty
ps --status running -q
ps --status exited
ps --status bogus
ps --filter status=running --services
ps --filter source=x
ps --filter x=y
ps --filter status
ps --orphans=false --services
ps --no-trunc
ps web
ps nosuch
ps --services nosuch
port web 80
port --index 2 web 80
port --index 9 web 80
port --protocol udp web 81
port web 81
port --protocol nosuch web 80
port web x
port nosuch 80
port web
port db 80
images
images --format bogus
images -q
images web
images nosuch
top
top web
top nosuch
ls
ls -a
ls -q
ls --format json
ls --format bogus
ls --filter name=listed
ls --filter name=nosuch
ls --filter x=y
ls --filter name
volumes
volumes -q
volumes --format json
volumes web
volumes nosuch
~ stats --no-stream --format '{{.Name}}'
~ stats --no-stream --format '{{.Name}} {{.PIDs}}' web
stats --no-stream nosuch
version
version --short
version -f json
version --format bogus
events --since nonsense
`,
  },
  {
    name: 'lives',
    files: { 'compose.yaml': BASIC },
    lines: `
start
stop
kill
restart
pause
unpause
rm -f
create
create --force-recreate
create --no-recreate --force-recreate
create --scale web=2 --remove-orphans
create --pull never -y
create --build --no-build
start
start nosuch
start --wait
start --wait --wait-timeout 3 web
pause
ps --format '{{.Name}} {{.State}}'
pause web
unpause
unpause nosuch
restart -t 0
restart --no-deps web
restart nosuch
restart -t x
kill -s HUP db
kill -s NOSUCH db
kill nosuch
kill --remove-orphans web
ps -a --format '{{.Name}} {{.State}} {{.ExitCode}}'
stop -t 0 web
stop nosuch
up -d
stop -t 0 db
ps --format '{{.Name}}'
up -d
restart -t 0 db
down -t 0 db
up -d
rm -f web
rm
rm -f -s web
rm -fsv
rm -f nosuch
wait web
$ compose up -d; (sleep 1; compose kill db) 2>/dev/null & compose wait db; wait
$ (sleep 1; compose kill db) 2>/dev/null & compose wait --down-project db; wait
attach
attach nosuch
`,
  },
  {
    name: 'runs',
    files: {
      'compose.yaml': `services:
  web:
    ${IDLE.replaceAll(', ', '\n    ')}
    ports: ["127.0.0.1:28080:80"]
    depends_on: [db]
    environment: {A: file, B: file}
    container_name: fixed
    networks: {default: {aliases: [other]}}
    working_dir: /tmp
    labels: {x: "1"}
  db: {${IDLE}, volumes: ["data:/data"]}
  bad: {image: busybox, command: "sh -c 'echo out; echo err >&2; exit 7'", profiles: [p]}
volumes: {data: {}}
`,
    },
    lines: `
run --rm -T --no-deps web echo hi
run --rm -T --no-deps bad
run -T --no-deps bad
run --rm -T web sh -c 'echo $A $B; pwd'
run --rm -T -e A=cli -e C=1 -w / web sh -c 'echo $A $B $C; pwd'
run --rm -T -e PATHX web sh -c 'echo "[$PATHX]"'
run --rm -T --env-from-file nosuch web true
run --rm -T -u 5:6 --no-deps web id
run --rm -T --entrypoint "sh -c" --no-deps web 'echo entry'
run --rm -T --entrypoint echo web
run --rm -T -v ./here:/here -v data:/data -v /anon --no-deps web sh -c 'ls -d /here /data /anon'
run --rm -T --cap-add NET_ADMIN --cap-drop ALL --no-deps web true
run --rm -T --name mine --no-deps web sh -c 'echo $HOSTNAME >/dev/null; echo x'
run -d --name kept --no-deps web
ps -a --format '{{.Name}} {{.State}}'
$ berth rm -f kept
run -d --no-deps -l k=v --label=z web
run -d --no-deps --service-ports --name ported web
run -d --no-deps -P web
run -d --no-deps --publish 127.0.0.1:28081:81 --name p2 web
run -d --no-deps --use-aliases --name aliased web
run --rm -T --service-ports --publish 1:1 web true
run --rm -T nosuch true
run
run --rm -T --no-deps web nosuch-command
run --rm -T --no-deps --quiet-pull -q web echo quiet
run --rm -T --no-deps --pull never web echo x
run --rm -T --no-deps --pull nosuch web echo x
run --rm -T --no-deps --remove-orphans bad true
run --rm -T --build --no-deps web true
run --rm -T --no-deps --workdir relative web pwd
run --rm -T --no-deps -e =x web true
run --rm -T -i --no-deps web cat
$ compose run -dT --rm --no-deps web true; sleep 1
exec -T web true
up -d
exec -T web sh -c 'echo $A; id -u; pwd'
exec -T -e A=x -u 3 -w / web sh -c 'echo $A; id -u; pwd'
exec -T --index 2 web true
exec -T --index 1 web echo one
exec -T --privileged web true
exec -d web true
exec -T web nosuch
exec -T web sh -c 'exit 9'
exec -T nosuch true
exec -T web
exec web
down
down --remove-orphans
`,
  },
  {
    name: 'copies',
    files: { 'compose.yaml': BASIC, 'f.txt': 'text\n', 'd/a': 'a\n' },
    lines: `
cp f.txt web:/f
up -d --scale web=2
cp f.txt web:/f
cp f.txt web:/
cp d web:/d
cp --index 1 web:/f back.txt
$ cat back.txt
cp --index 1 web:/d back
$ find back -type f
cp --index 2 web:/f back2
cp --index 2 f.txt web:/only
exec -T --index 1 web ls /only
cp --all f.txt web:/all
cp --index 1 web:/nosuch x
cp nosuch:/f x
cp nosuch.txt web:/f
cp f.txt web:/no/such/place
cp f.txt g.txt
cp web:/f db:/f
cp --index 7 f.txt web:/f
cp -a f.txt web:/arch
cp -L f.txt web:/link
$ compose cp --index 2 web:/f - | tar -t
$ tar -c f.txt | compose cp --index 1 - web:/tmp
export web -o web.tar
$ tar -tf web.tar f
export nosuch -o x.tar
export --index 2 -o w2.tar web
export --index 5 web -o x.tar
$ compose export web | tar -t | sort | head -5
commit web made:1
$ berth image inspect -f '{{json .Config.Cmd}} {{json .Config.Labels}}' made:1
commit -a me -m why -c 'ENV X=1' --index 2 web made:2
$ berth image inspect -f '{{json .Config.Env}} {{.Author}} {{.Comment}}' made:2
commit nosuch made:3
commit --index 5 web made:3
commit web BAD
commit -p=false web made:4
commit
export
$ berth rmi made:1 made:2 made:4
`,
  },
  {
    name: 'changed',
    files: {
      'compose.yaml': `services:
  a: {${IDLE}, environment: {V: "1"}}
  b: {${IDLE}, depends_on: {a: {condition: service_started, restart: true}}}
`,
      'env.yaml': `services:
  a: {${IDLE}, environment: {V: "2"}}
  b: {${IDLE}, depends_on: {a: {condition: service_started, restart: true}}}
`,
      'less.yaml': `services: {b: {${IDLE}}}\n`,
      'nets.yaml': `services: {b: {${IDLE}, networks: [n, m]}}
networks: {n: {labels: {x: "1"}}, m: {name: other}}
`,
      'vol.yaml': `services: {b: {${IDLE}, volumes: ["v:/v"]}}\nvolumes: {v: {labels: {x: "1"}}}\n`,
      'vol2.yaml': `services: {b: {${IDLE}, volumes: ["v:/v"]}}\nvolumes: {v: {labels: {x: "2"}}}\n`,
    },
    lines: `
up -d
-f env.yaml up -d --no-recreate
-f env.yaml up -d
-f env.yaml up -d --always-recreate-deps b
-f less.yaml up -d
-f less.yaml up -d --remove-orphans
-f less.yaml ps -a
-f nets.yaml up -d
-f vol.yaml up -d
-f vol2.yaml up -d
-f vol2.yaml up -d -y
-f less.yaml down
-f nets.yaml down --remove-orphans
-f vol2.yaml down -v
`,
  },
];
