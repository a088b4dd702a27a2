"""Open sockets: a bounded queue each; who lags is hung up."""

from esante.kernel.hub import Hub


def test_it_works() -> None:
    hub = Hub()
    with hub.listen("a") as one, hub.listen("a") as two, hub.listen("b") as other:
        hub.publish(["a", "nobody"], b"1")
        assert (one.get_nowait(), two.get_nowait()) == (b"1", b"1")
        assert other.empty()
        assert hub.is_online("a")
    assert not hub.is_online("a")
    assert hub._listeners == {}


def test_a_listener_that_lags_is_hung_up_and_hears_no_more() -> None:
    hub = Hub(depth=3)
    with hub.listen("a") as slow, hub.listen("a") as quick:
        for number in range(5):
            hub.publish(["a"], str(number).encode())
            assert quick.get_nowait() == str(number).encode()
        heard = [slow.get_nowait() for _ in range(slow.qsize())]
        assert heard[-1] is None
        assert heard[:-1] == [b"1", b"2"]
        hub.publish(["a"], b"again")
        assert slow.empty()
    assert hub._listeners == {}


def test_the_end_of_a_session_hangs_up_its_sockets_only() -> None:
    hub = Hub()
    with hub.listen("a", "s1") as one, hub.listen("a", "s2") as two, hub.listen("b", "s1") as other:
        hub.end_session("a", "s1")
        assert one.get_nowait() is None
        assert two.empty()
        hub.end_session("a", None)
        assert two.get_nowait() is None
        assert other.empty()
        assert not hub.is_online("a")
        hub.end_session("nobody", None)
