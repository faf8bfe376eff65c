# SPDX-License-Identifier: BSD-2-Clause
"""
A TCP relay on loopback that delays both ways, for tests of what a round trip costs; the bandwidth
is not limited.
"""
import asyncio
import threading


class Relay:
    """
    Listens on .port, connects to target; a round trip takes 2 x one_way_ms longer. hold: what a
    client sends with this in it sets .held and is not passed on before somebody sets .released.
    late_s: connects to target so much later.
    """

    def __init__(self, target, one_way_ms, hold=None, late_s=0):
        self.target, self.delay, self.hold, self.port = target, one_way_ms / 1000, hold, None
        self.late_s = late_s
        self.ready, self.held = threading.Event(), threading.Event()
        self.released = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True).start()
        self.ready.wait()

    async def _main(self):
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self.ready.set()
        await server.serve_forever()

    async def _connected(self, reader, writer):
        await asyncio.sleep(self.late_s)
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.target)
        await asyncio.gather(self._relay(reader, up_writer, self.hold),
                             self._relay(up_reader, writer), return_exceptions=True)

    async def _relay(self, reader, writer, hold=None):
        loop, queue = asyncio.get_running_loop(), asyncio.Queue()

        async def deliver():
            while True:
                due, data = await queue.get()
                await asyncio.sleep(max(0, due - loop.time()))
                if not data:
                    writer.close()
                    return
                writer.write(data)
                await writer.drain()

        task = asyncio.create_task(deliver())
        data = b"-"
        while data:
            try:
                data = await reader.read(65536)
            except OSError:
                data = b""
            if hold and hold in data:
                self.held.set()
                while not self.released.is_set():
                    await asyncio.sleep(0.01)
            queue.put_nowait((loop.time() + self.delay, data))
        await task
