"""What somebody writes who wants to own whoever looks at it."""


def hostile(place):
    """A text for one place, which pages name by "at-PLACE". If any of it becomes markup, an element <owned-place> exists or
    window.owned is set; if it is shown, it is so as shown(place) says."""
    return (f'at-{place} <owned-place id="{place}"></owned-place><script>window.owned="{place}"</script>'
            f'"><img src=x onerror="window.owned=\'{place}\'">\' onfocus=\'window.owned=1\' autofocus '
            '{{title}}{{{title}}}{{#head}}&lt;b&gt; javascript:window.owned=2 '
            '\u202egnp.exe\u2066\x07\x1b[31m\x7f\u0085')


def hostile_word(place):
    """The same where neither blanks nor what separates words of a list may be."""
    return (f'at-{place}<owned-place/id="{place}"></owned-place><script>window.owned="{place}"</script>'
            f'"><img/src=x/onerror="window.owned=\'{place}\'">{{{{title}}}}')


# What of each is to be read as it stands wherever it is shown at all.
SHOWN = '<script>window.owned="{}"</script>"><img src=x onerror="window.owned=\'{}\'">'


def nix_string(text):
    for old, new in (("\\", "\\\\"), ('"', '\\"'), ("${", "\\${")):
        text = text.replace(old, new)
    return f'"{text}"'
