// Pure. Errors of builds, Compose projects and machines.
import { type Message, message } from './message.ts';

export const WORK: readonly Message[] = [
  message(
    'E1701',
    ['failed to read dockerfile', 'dockerfile … no such file'],
    ['There is no Dockerfile', 'Dockerfile이 없습니다'],
    [
      'The context has no file of this name; the last argument of build is a folder.',
      '컨텍스트에 그 이름의 파일이 없습니다. build의 마지막 인수는 폴더입니다.',
    ],
    [
      'Change to the folder and write "berth build .", or name the file with -f.',
      '폴더로 이동하여 "berth build ."을 실행하거나 -f로 파일을 지정하십시오.',
    ],
  ),
  message(
    'E1702',
    ['dockerfile parse error', 'unknown instruction'],
    ['The Dockerfile cannot be read', 'Dockerfile의 형식이 잘못되었습니다'],
    [
      'The line that the message names has a word that is no instruction, or lacks an argument.',
      '메시지가 가리키는 줄에 명령어가 아닌 단어가 있거나 인수가 빠졌습니다.',
    ],
    ['Lines that go on need a backslash at their end.', '이어지는 줄의 끝에는 백슬래시가 필요합니다.'],
  ),
  message(
    'E1703',
    ['failed to compute cache key', 'failed to calculate checksum', 'copy failed'],
    ['COPY finds no such file', 'COPY할 파일이 없습니다'],
    [
      'The path is not in the context, or .dockerignore leaves it out.',
      '경로가 컨텍스트에 없거나 .dockerignore가 제외했습니다.',
    ],
    [
      'Paths count from the context’s folder, not from the Dockerfile; look into .dockerignore.',
      '경로는 Dockerfile이 아니라 컨텍스트 폴더에서 시작합니다. .dockerignore를 확인하십시오.',
    ],
  ),
  message(
    'E1704',
    ['did not complete successfully: exit code', 'returned a non-zero code'],
    ['A step of the build failed', '빌드 단계가 실패했습니다'],
    [
      'The command of a RUN ended with an error; its output stands above.',
      'RUN의 명령이 오류로 끝났습니다. 출력은 위에 있습니다.',
    ],
    [
      '"berth build --on-error=shell" opens a shell where it failed.',
      '"berth build --on-error=shell"로 실패한 지점에서 셸을 열 수 있습니다.',
    ],
  ),
  message(
    'E1705',
    ['unable to prepare context', 'path … not found'],
    ['The context of the build is not there', '빌드 컨텍스트가 없습니다'],
    [
      'The last argument names no folder, archive or repository.',
      '마지막 인수가 폴더, 아카이브, 저장소 중 어느 것도 아닙니다.',
    ],
    ['Write "." for the folder that you are in.', '현재 폴더는 "."으로 씁니다.'],
  ),
  message(
    'E1801',
    ['no configuration file provided'],
    ['There is no Compose file', 'Compose 파일이 없습니다'],
    ['Neither this folder nor one above it has a compose.yaml.', '이 폴더와 상위 폴더에 compose.yaml이 없습니다.'],
    [
      'Change to the project’s folder, or name the file with -f.',
      '프로젝트 폴더로 이동하거나 -f로 파일을 지정하십시오.',
    ],
  ),
  message(
    'E1802',
    ['yaml: ', 'additional properties', 'validating '],
    ['The Compose file cannot be read', 'Compose 파일의 형식이 잘못되었습니다'],
    [
      'The indentation is off, or a key is misspelled or in the wrong place.',
      '들여쓰기가 맞지 않거나, 키의 철자나 위치가 틀렸습니다.',
    ],
    [
      '"berth compose config" shows how the file is read; tabs are not allowed.',
      '"berth compose config"로 해석 결과를 확인하십시오. 탭은 사용할 수 없습니다.',
    ],
  ),
  message(
    'E1803',
    ['no such service', 'undefined service', 'depends on undefined'],
    ['The project has no such service', '프로젝트에 그런 서비스가 없습니다'],
    [
      'The name is not one of the file’s, or its profile is not on.',
      '파일에 없는 이름이거나 프로필이 켜져 있지 않습니다.',
    ],
    ['"berth compose config --services" lists them.', '"berth compose config --services"로 목록을 확인하십시오.'],
  ),
  message(
    'E1901',
    ['there is no machine'],
    ['There is no such machine', '그런 머신이 없습니다'],
    ['Nobody made it, or its init was cut off.', '만든 적이 없거나 init이 중단되었습니다.'],
    [
      '"berth machine ls" lists them, "berth machine init NAME" makes one.',
      '"berth machine ls"로 목록을 보고 "berth machine init NAME"으로 만드십시오.',
    ],
  ),
  message(
    'E1902',
    ['qemu-system … is not installed', 'qemu did not start'],
    ['QEMU does not start', 'QEMU를 시작할 수 없습니다'],
    [
      'Machines run in QEMU, which is missing here or refuses its settings.',
      '머신은 QEMU에서 실행됩니다. QEMU가 없거나 설정을 거부했습니다.',
    ],
    [
      'Install it: qemu-system-x86 on Debian, "brew install qemu" on macOS.',
      '설치하십시오: Debian은 qemu-system-x86, macOS는 "brew install qemu".',
    ],
  ),
  message(
    'E1903',
    ['another command works on'],
    ['Another command is at work', '다른 명령이 작업 중입니다'],
    [
      'Two commands on one machine would undo each other’s work.',
      '한 머신에 두 명령을 동시에 실행하면 서로의 작업을 망칩니다.',
    ],
    [
      'Wait for it; one that was killed does not count.',
      '끝날 때까지 기다리십시오. 강제 종료된 명령은 해당되지 않습니다.',
    ],
  ),
  message(
    'E1904',
    ['did not answer within', 'went down while it started'],
    ['The machine does not come up', '머신이 시작되지 않습니다'],
    [
      'Its system stopped on the way, or this host is too slow or too busy.',
      '시스템이 도중에 멈췄거나, 호스트가 너무 느리거나 바쁩니다.',
    ],
    [
      'Look at its console (path in "berth machine inspect"); give it more memory with "set --memory".',
      '콘솔("berth machine inspect"에 경로)을 보고, "set --memory"로 메모리를 늘려 보십시오.',
    ],
  ),
  message(
    'E1905',
    ['machine … is not running'],
    ['The machine is off', '머신이 꺼져 있습니다'],
    ['A machine is on only between start and stop.', '머신은 start와 stop 사이에만 켜져 있습니다.'],
    ['"berth machine start NAME".', '"berth machine start NAME"을 실행하십시오.'],
  ),
  message(
    'E1906',
    ['shared folder … is not there'],
    ['A shared folder is gone', '공유 폴더가 없습니다'],
    [
      'The machine was made with a folder that this host no longer has.',
      '머신을 만들 때 지정한 폴더가 호스트에 더 이상 없습니다.',
    ],
    [
      'Make the folder again, or choose others: "berth machine set NAME --volume FOLDER".',
      '폴더를 다시 만들거나 "berth machine set NAME --volume FOLDER"로 다른 폴더를 고르십시오.',
    ],
  ),
];
