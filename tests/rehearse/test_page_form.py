from relight.rehearse.page_form import PageForm, posting_forms

URL = "http://127.0.0.1:8181/ack/abc"


def test_reads_where_a_form_posts_and_what_it_carries() -> None:
    page = """
    <form action="/search"><input name="q"></form>
    <form method="POST" action="/ack/abc">
      <input type="hidden" name="_csrf" value="a&amp;b">
      <input name="_csrf" value="a second one of the name">
      <input value="nameless"><button name="do" value="take">Acknowledge</button>
    </form>
    <form method=post><button>Here</button></form>
    """
    found = posting_forms(page, url=URL)
    assert found == [
        PageForm(url=URL, fields={"_csrf": "a&b", "do": "take"}),
        PageForm(url=URL, fields={}),
    ]
    assert found[0].body() == b"_csrf=a%26b&do=take"


def test_a_page_without_a_form_has_none() -> None:
    assert posting_forms("<h1>This link is too old.</h1><form>", url=URL) == []
