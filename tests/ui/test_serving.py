from __future__ import annotations

import asyncio
import socket

from mlmeta_track.ui.serving import _listening


def test_answers_do_not_wait_for_acknowledgements() -> None:
    async def accepted() -> int:
        told: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def connected(_: asyncio.StreamReader, own: asyncio.StreamWriter) -> None:
            ours = own.get_extra_info("socket")
            told.set_result(ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            own.close()
            await own.wait_closed()

        with _listening("127.0.0.1", 0) as listener:
            server = await asyncio.start_server(connected, sock=listener)
            _, writer = await asyncio.open_connection(*listener.getsockname())
            found = await told
            writer.close()
            await writer.wait_closed()
            server.close()
            await server.wait_closed()
        return found

    assert asyncio.run(accepted()) != 0
