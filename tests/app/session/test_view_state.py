from app.session.view_state import Message, MessageAction, ViewState


def texts(state: ViewState) -> list[str]:
    return [message.text for message in state.messages]


def test_good_news_replaces_good_news_and_leaves_warnings_alone():
    state = ViewState()
    state.say("The pixel size was guessed.")
    state.say("Saved a.csv", is_warning=False)
    state.say("Saved b.csv", is_warning=False)
    assert texts(state) == ["The pixel size was guessed.", "Saved b.csv"]


def test_the_same_warning_stands_there_once_even_with_other_actions():
    state, done = ViewState(), []
    state.say("Pixel size unknown.", actions=[MessageAction("&Measure", lambda: done.append("first"))])
    state.say("Pixel size unknown.", actions=[MessageAction("&Measure", lambda: done.append("second"))])
    (message,) = state.messages
    message.actions[0].trigger()
    assert done == ["first"]


def test_what_has_gone_can_be_dismissed_again():
    state = ViewState()
    state.say("One")
    state.say("Two")
    for _ in range(2):
        state.dismiss(Message("One"))
    assert texts(state) == ["Two"]
