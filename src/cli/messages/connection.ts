// Pure. Errors on the way to a daemon, and of the command line.
import { type Message, message } from './message.ts';

export const CONNECTION: readonly Message[] = [
  message(
    'E1101',
    ['cannot connect to the docker daemon', 'error during connect'],
    ['The daemon does not answer', '데몬이 응답하지 않습니다'],
    [
      'Nothing listens on the socket or address that the context names.',
      '컨텍스트가 가리키는 소켓이나 주소에서 아무도 듣고 있지 않습니다.',
    ],
    [
      'See which one it is with "berth context ls"; start it: "systemctl start berth", "berth machine start", or any command as root.',
      '"berth context ls"로 어느 데몬인지 확인하고 시작하십시오: "systemctl start berth", "berth machine start", 또는 root로 아무 명령이나 실행합니다.',
    ],
  ),
  message(
    'E1102',
    ['permission denied while trying to connect'],
    ['You may not use the daemon', '데몬을 사용할 권한이 없습니다'],
    [
      'Its socket belongs to root and one group, since whoever uses it can become root.',
      '소켓은 root와 특정 그룹만 사용할 수 있습니다. 이 소켓을 쓰는 사람은 root가 될 수 있기 때문입니다.',
    ],
    [
      'Use sudo, or join the group: "usermod -aG berth USER", then log in again.',
      'sudo를 사용하거나 그룹에 가입하십시오: "usermod -aG berth USER" 실행 후 다시 로그인합니다.',
    ],
  ),
  message(
    'E1103',
    ['context not found', 'context … does not exist', 'unable to resolve docker endpoint'],
    ['There is no such context', '그런 컨텍스트가 없습니다'],
    [
      'A flag, DOCKER_CONTEXT or config.json names a context that nobody made, or that was removed.',
      '플래그, DOCKER_CONTEXT 또는 config.json이 존재하지 않거나 삭제된 컨텍스트를 가리킵니다.',
    ],
    [
      '"berth context ls" lists those that are there, "berth context use NAME" chooses one.',
      '"berth context ls"로 목록을 보고 "berth context use NAME"으로 선택하십시오.',
    ],
  ),
  message(
    'E1104',
    ['certificate', 'tls', 'http request to an https server', 'malformed http response'],
    ['The secure connection failed', '보안 연결에 실패했습니다'],
    [
      'Client and daemon do not agree on TLS: a certificate is missing, foreign or out of date, or only one side uses TLS.',
      '클라이언트와 데몬의 TLS 설정이 다릅니다. 인증서가 없거나 신뢰할 수 없거나 만료되었거나, 한쪽만 TLS를 사용합니다.',
    ],
    [
      'Check --tlsverify, --tlscacert, --tlscert and --tlskey, and the dates of the certificates.',
      '--tlsverify, --tlscacert, --tlscert, --tlskey와 인증서의 유효 기간을 확인하십시오.',
    ],
  ),
  message(
    'E1105',
    ['command [ssh'],
    ['The connection by ssh failed', 'ssh 연결에 실패했습니다'],
    [
      'ssh could not log in, or the other machine has neither Berth nor Docker.',
      'ssh로 로그인하지 못했거나, 상대 머신에 Berth도 Docker도 없습니다.',
    ],
    [
      'Try "ssh USER@HOST berth version"; it must work without a question.',
      '"ssh USER@HOST berth version"이 아무것도 묻지 않고 동작하는지 확인하십시오.',
    ],
  ),
  message(
    'E1106',
    ['client version … is too', 'requires api version'],
    ['Client and daemon are too far apart', '클라이언트와 데몬의 버전 차이가 너무 큽니다'],
    ['The daemon does not know the version of the API that was asked for.', '요청한 API 버전을 데몬이 알지 못합니다.'],
    [
      'Unset DOCKER_API_VERSION, or bring the older of the two up to date.',
      'DOCKER_API_VERSION을 해제하거나 오래된 쪽을 업데이트하십시오.',
    ],
  ),
  message(
    'E1107',
    ['conflicting options: cannot specify both --host and --context', 'specify only one -h'],
    ['The daemon is named twice', '데몬을 두 번 지정했습니다'],
    ['--host and --context each name a daemon.', '--host와 --context는 각각 데몬을 지정합니다.'],
    ['Leave one of them out.', '둘 중 하나만 사용하십시오.'],
  ),
  message(
    'E1108',
    ['invalid bind address format', 'ssh host connection is not valid', 'unable to parse docker host'],
    ['The address of the daemon cannot be read', '데몬 주소의 형식이 잘못되었습니다'],
    [
      '-H, DOCKER_HOST or the context has an address of no known form.',
      '-H, DOCKER_HOST 또는 컨텍스트의 주소 형식을 알 수 없습니다.',
    ],
    [
      'Write unix:///path, tcp://host:port or ssh://user@host.',
      'unix:///path, tcp://host:port, ssh://user@host 형식으로 쓰십시오.',
    ],
  ),
  message(
    'E1201',
    ['unknown command'],
    ['There is no such command', '그런 명령이 없습니다'],
    [
      'A word is misspelled, or a flag stands before the command that it belongs to.',
      '단어를 잘못 썼거나, 플래그가 자신이 속한 명령보다 앞에 있습니다.',
    ],
    ['"berth --help" lists the commands.', '"berth --help"로 명령 목록을 확인하십시오.'],
  ),
  message(
    'E1202',
    ['unknown flag', 'unknown shorthand flag'],
    ['There is no such flag', '그런 플래그가 없습니다'],
    [
      'The command does not know the flag; or it was meant for the program in the container and stands before the image.',
      '명령이 이 플래그를 모릅니다. 또는 컨테이너 안의 프로그램에 줄 플래그가 이미지 이름보다 앞에 있습니다.',
    ],
    [
      'Add --help to the command to see its flags; flags of the program come after the image.',
      '명령에 --help를 붙여 플래그를 확인하십시오. 프로그램의 플래그는 이미지 이름 뒤에 씁니다.',
    ],
  ),
  message(
    'E1203',
    [
      'requires at least',
      'requires exactly',
      'requires 1 argument',
      'requires at most',
      'accepts no arguments',
      'requires at least 1 argument',
    ],
    ['Too few or too many arguments', '인수의 개수가 맞지 않습니다'],
    ['The command takes another number of words than it was given.', '명령이 받는 단어의 수와 주어진 수가 다릅니다.'],
    [
      'The line "Usage:" shows what is wanted; names with spaces need quotes.',
      '"Usage:" 줄에 필요한 인수가 나옵니다. 공백이 있는 이름은 따옴표로 묶으십시오.',
    ],
  ),
  message(
    'E1204',
    ['invalid argument … for', 'flag needs an argument', 'invalid value'],
    ['The value of a flag is not usable', '플래그의 값을 사용할 수 없습니다'],
    [
      'A flag lacks its value, or has one of another kind: a word where a number is wanted.',
      '플래그에 값이 없거나, 숫자 자리에 단어를 쓰는 등 값의 종류가 다릅니다.',
    ],
    ['Add --help to the command to see what the flag takes.', '명령에 --help를 붙여 플래그가 받는 값을 확인하십시오.'],
  ),
  message(
    'E1205',
    ['template parsing error', 'template: '],
    ['The template of --format is not usable', '--format 템플릿을 사용할 수 없습니다'],
    [
      'It is no Go template, or names a field that the object does not have.',
      'Go 템플릿이 아니거나, 객체에 없는 필드를 참조합니다.',
    ],
    [
      'Try --format json to see the fields; the shell needs single quotes around {{ }}.',
      '--format json으로 필드를 확인하십시오. 셸에서는 {{ }}를 작은따옴표로 묶어야 합니다.',
    ],
  ),
  message(
    'E1206',
    ['invalid reference format', 'must be lowercase'],
    ['The name of an image cannot be read', '이미지 이름의 형식이 잘못되었습니다'],
    [
      'Names are small letters, digits and . _ - /, then a tag behind a colon.',
      '이름은 소문자, 숫자, . _ - / 로 이루어지고 콜론 뒤에 태그가 옵니다.',
    ],
    [
      'Look for capital letters, spaces, and variables that are empty.',
      '대문자, 공백, 비어 있는 변수가 없는지 확인하십시오.',
    ],
  ),
  message(
    'E1301',
    ['not implemented'],
    ['Berth does not do this', 'Berth에 없는 기능입니다'],
    [
      'The command or option is Docker’s, and is not there in Berth.',
      'Docker에는 있지만 Berth에는 아직 없는 명령이나 옵션입니다.',
    ],
    ['docs/compat.md lists what is there.', '있는 기능은 docs/compat.md에 나옵니다.'],
  ),
];
