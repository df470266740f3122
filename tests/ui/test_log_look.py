from __future__ import annotations

from backend.observe.logs.block import Entry, Level
from console.widgets.log_lines import LogLook, body


def shown(look: LogLook, text: bytes, *, data: bool = True) -> str:
    return "".join(str(piece.text) for piece in body(Entry(0, 0, Level.INFO, text), look, data=data))


def test_data_is_shown_as_what_it_says_and_of_what() -> None:
    line = b'{"ts":1.5,"level":"warn","msg":"slow request","http":{"path":"/v1","code":200},"ms":417}'
    assert shown(LogLook(), line) == "slow request  http.path=/v1  http.code=200  ms=417"
    assert shown(LogLook(laid_out=False), line) == line.decode()
    logfmt = b'level=info msg="request served" path=/v1 code=200'
    assert shown(LogLook(), logfmt) == "request served  path=/v1  code=200"
    assert shown(LogLook(), b'{"a":1,"b":"x"}') == "a=1  b=x"


def test_what_is_no_data_stays_whole() -> None:
    line = b'{"msg":"configuration","port":8080}'
    assert shown(LogLook(), line, data=False) == line.decode(), "its source mostly writes text"
    assert shown(LogLook(), b"panic: out of luck") == "panic: out of luck"


def test_fields_are_as_harmless_as_lines() -> None:
    line = b'{"msg":"a\\u001b[2Jb","k\\u202ee[red]y":"\\u001b]52;c;x\\u0007"}'
    text = shown(LogLook(), line)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\x07" not in text


def test_columns_that_were_chosen_win() -> None:
    look = LogLook(columns=("ms",))
    assert shown(look, b'{"msg":"x","ms":5}').strip() == "5"
