"""What do all pages of one kind do the same way? The classes that the rooms subclass.

Templates read a page's words from the view itself (`view.title`), so a word is a class attribute, or a property when
it depends on the record. GET never changes anything; what a POST does is one call of an action.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.contrib import messages
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Manager, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.views.generic.base import ContextMixin, TemplateResponseMixin, View

from portal.ui.forms import FilterForm, PortalForm, PortalFormSet, asks_to_change_rows, with_rows_changed
from portal.ui.pages import LAST_PAGE, Page, PageLink, page_number


class BasePage(TemplateResponseMixin, ContextMixin, View):
    """A page: words, a way back, and a policy that says who may be here.

    `policy` is called with the user; a page about a record mixes in `RecordView`, whose policy takes the record too.
    """

    title = ""
    caption = ""
    back_url = ""
    back_text = "Back"
    policy: Callable[..., bool] | None = None

    def is_allowed(self) -> bool:
        return self.policy is None or self.policy(self.request.user)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not self.is_allowed():
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)


def list_left(request: HttpRequest, *lists: str) -> str:
    """The address of the list that the reader came from, if `back` in the query names one of these pages; else "".

    Anything else is ignored, so nobody can be led to another site by a link to ours.
    """
    try:
        back = urlsplit(request.GET.get("back", ""))
    except ValueError:
        return ""
    if back.scheme or back.netloc or back.path not in map(reverse, lists):
        return ""
    return f"{back.path}?{back.query}" if back.query else back.path


class RecordView(View):
    """A view of one record: mix it in before the page class.

        class DecideTrip(RecordView, FormPage):
            records = Trip.objects
            policy = staticmethod(can_decide)

    `setup` loads the record by reference from `records.visible_to(user)`: what somebody may not see does not exist
    (404). `dispatch` asks `policy(user, record)`: what they may see but not do is forbidden (403). Loading in `setup`
    is safe for strangers, because the middleware's `process_view` turned them away before the view was called.
    """

    records: Manager | QuerySet | None = None
    lookup = "reference"
    policy: Callable[..., bool] | None = None
    record: Any = None

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.record = self.get_record()

    def get_record(self) -> Any:
        if self.records is None or self.policy is None:
            raise ImproperlyConfigured(f"{type(self).__name__} must name its records and its policy.")
        reference = self.kwargs["reference"]
        # PostgreSQL refuses to compare anything with a NUL, so such an address would be an error instead of unknown.
        if "\0" in reference:
            raise Http404
        found = self.records.visible_to(self.request.user).filter(**{self.lookup: reference}).first()
        if found is None:
            raise Http404
        return found

    def is_allowed(self) -> bool:
        return self.policy(self.request.user, self.record)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(record=self.record, **kwargs)


@dataclass(frozen=True)
class Action:
    """A link to another page, drawn as a button; the main one is what the reader is here for, so there may be none."""

    label: str
    url: str
    is_main: bool = False


class DetailPage(BasePage):
    """One thing to read: its summary, what happened to it, and what the reader may do next."""

    template_name = "layouts/detail.html"
    status: tuple[str, str] | None = None
    summary: Sequence[Mapping[str, Any]] = ()
    events: Sequence[Mapping[str, Any]] = ()
    actions: Sequence[Action] = ()

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data())


class FormPage(BasePage):
    """A form: shown by GET, acted on by POST.

    A subclass says what happens in `act(form)`. The exceptions in `refusals` are the ways in which the action may say
    no: the person sees the reason in the error summary with everything still typed in, and the status is 409. A refusal
    that names a `field` stands beside it.
    With `formset_class` the page also has rows that can be added and removed; `self.formset` is valid when `act` runs.
    `hidden_fields` are (name, value) pairs that go with every answer and are the page's own, not the person's.
    """

    template_name = "layouts/form.html"
    form_class: type[Any] = PortalForm
    formset_class: type[PortalFormSet] | None = None
    formset_prefix = "rows"
    submit_label = "Continue"
    is_dangerous = False
    cancel_url = ""
    cancel_text = "Cancel"
    success_url = ""
    success_message = ""
    refusals: tuple[type[Exception], ...] = ()
    hidden_fields: Sequence[tuple[str, object]] = ()
    formset: PortalFormSet | None = None

    def get_initial(self) -> dict[str, Any]:
        return {}

    def get_rows(self) -> list[dict[str, Any]]:
        """What the rows of the formset hold before anybody types."""
        return []

    def get_form_kwargs(self) -> dict[str, Any]:
        """What the form is made with; a model form's page adds `instance`."""
        kwargs: dict[str, Any] = {"initial": self.get_initial()}
        if self.request.method == "POST":
            kwargs |= {"data": self.request.POST, "files": self.request.FILES}
        return kwargs

    def get_form(self) -> Any:
        return self.form_class(**self.get_form_kwargs())

    def get_formset(self) -> PortalFormSet | None:
        if self.formset_class is None:
            return None
        if self.request.method != "POST":
            return self.formset_class(prefix=self.formset_prefix, initial=self.get_rows())
        return self.formset_class(self.request.POST, self.request.FILES, prefix=self.formset_prefix)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.formset = self.get_formset()
        return self.show(self.get_form())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form, self.formset = self.get_form(), self.get_formset()
        if self.formset is not None and asks_to_change_rows(request.POST, self.formset_prefix):
            return self.show_with_rows_changed(form)
        # Both are asked before either answer counts, so that one page shows all its errors at once.
        is_valid = [part.is_valid() for part in (form, self.formset) if part is not None]
        if not all(is_valid):
            return self.form_invalid(form)
        try:
            return self.form_valid(form)
        except self.refusals as refusal:
            form.add_error(getattr(refusal, "field", None), str(refusal))
            return self.show(form, status=409)

    def act(self, form: Any) -> None:
        """Do what the form asks: one call of an action."""
        raise NotImplementedError(f"{type(self).__name__} must say what it does in act().")

    def form_valid(self, form: Any) -> HttpResponse:
        self.act(form)
        if self.success_message:
            messages.success(self.request, self.success_message)
        return HttpResponseRedirect(str(self.success_url))

    def form_invalid(self, form: Any) -> HttpResponse:
        return self.show(form)

    def show(self, form: Any, *, status: int = 200) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form, formset=self.formset), status=status)

    def show_with_rows_changed(self, form: Any) -> HttpResponse:
        """The page again with a row more or less, for those whose browser runs no JavaScript."""
        data = with_rows_changed(self.request.POST, self.formset_prefix, max_num=self.formset.max_num)
        self.formset = self.formset_class(data, self.request.FILES, prefix=self.formset_prefix).without_errors()
        return self.show(form.without_errors())

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        parts = (context.get("form"), context.get("formset"))
        context["has_errors"] = any(part.is_bound and next(part.summary(), None) for part in parts if part is not None)
        return context


class ConfirmPage(FormPage):
    """One question and one button. Only the POST acts; the link that leads here changes nothing.

    `title` is the question; `consequences` are sentences that say what will happen.
    """

    template_name = "layouts/confirm.html"
    submit_label = "Confirm"
    consequences: Sequence[str] = ()


@dataclass(frozen=True)
class Column:
    """One column of a list: `key` names the attribute shown, `order_by` the fields that sort it."""

    key: str
    label: str
    order_by: Sequence[str] = ()
    is_numeric: bool = False
    is_narrow: bool = False


class ListPage(BasePage):
    """Records as a table, with filters, sorting and paging in the query string.

    Paging fetches one row more than it shows, so it never counts the table; `is_counted = True` counts and shows page
    numbers, for lists that stay small. Only columns with `order_by` sort, and the primary key breaks every tie: without
    it a row may appear on two pages and another on none.
    """

    template_name = "layouts/list.html"
    columns: Sequence[Column] = ()
    default_sort = ""
    page_size = 25
    is_counted = False
    filter_class: type[FilterForm] | None = None
    row_noun = "result"
    empty_text = "There is nothing here yet."
    nothing_found_text = "Nothing matches these filters."
    actions: Sequence[Action] = ()
    filter_form: FilterForm | None = None

    def get_rows(self) -> QuerySet:
        """All rows the reader may see, before filters, sorting and paging."""
        raise NotImplementedError(f"{type(self).__name__} must say which rows it lists.")

    def get_filter_kwargs(self) -> dict[str, Any]:
        """What the filters are made with beside the query: what they may offer to this reader."""
        return {}

    def cells(self, record: Any) -> Iterable[Any]:
        """One record's cells, in the order of the columns. `portal.ui.html.link` makes a cell a link."""
        for column in self.columns:
            value = getattr(record, column.key)
            yield value() if callable(value) else value

    @cached_property
    def way_back(self) -> str:
        """What to add to the address of a record, so that its page leads back to this list with its filters."""
        return "?" + urlencode({"back": self.request.get_full_path()})

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.filter_class is not None:
            self.filter_form = self.filter_class(request.GET, **self.get_filter_kwargs())
        rows = self.get_rows()
        if self.filter_form is not None and self.filter_form.answers:
            rows = self.filter_form.filter(rows)
        page = self.get_page(self.sorted(rows))
        return self.render_to_response(self.get_context_data(page=page))

    # Sorting ---------------------------------------------------------------------------------------------------------

    @property
    def sort(self) -> str:
        """The key of the column sorted by, with "-" for descending; a column that does not sort is ignored."""
        wanted = self.request.GET.get("sort", "")
        sortable = {column.key for column in self.columns if column.order_by}
        return wanted if wanted.removeprefix("-") in sortable else self.default_sort

    def sorted(self, rows: QuerySet) -> QuerySet:
        key, is_descending = self.sort.removeprefix("-"), self.sort.startswith("-")
        chosen = next((column for column in self.columns if column.key == key), None)
        if chosen is None:
            return rows
        order = [*chosen.order_by, "pk"]
        return rows.order_by(*(reversed_order(field) for field in order) if is_descending else order)

    @property
    def headings(self) -> list[dict[str, Any]]:
        """The column headings, each with the address that sorts by it."""
        headings = []
        for column in self.columns:
            is_current = self.sort.removeprefix("-") == column.key
            is_descending = is_current and self.sort.startswith("-")
            headings.append(
                {
                    "label": column.label,
                    "is_numeric": column.is_numeric,
                    "is_narrow": column.is_narrow,
                    "sort_url": self.address(sort=column.key if is_descending or not is_current else f"-{column.key}")
                    if column.order_by
                    else "",
                    "aria_sort": ("descending" if is_descending else "ascending") if is_current else "none",
                }
            )
        return headings

    # Paging ----------------------------------------------------------------------------------------------------------

    def get_page(self, rows: QuerySet) -> Page:
        number = page_number(self.request.GET.get("page"))
        total, links = None, []
        if self.is_counted:
            paginator = Paginator(rows, self.page_size)
            total = paginator.count
            number = min(number, max(paginator.num_pages, 1))
            elided = paginator.get_elided_page_range(number, on_each_side=1, on_ends=1)
            links = [
                PageLink(None, "")
                if shown == paginator.ELLIPSIS
                else PageLink(int(shown), self.address(page=shown), shown == number)
                for shown in elided
            ]
        start = (number - 1) * self.page_size
        # One row more than is shown tells whether there is another page.
        fetched = list(rows[start : start + self.page_size + 1])
        has_next = len(fetched) > self.page_size and number < LAST_PAGE
        return Page(
            rows=fetched[: self.page_size],
            number=number,
            previous_url=self.address(page=number - 1) if number > 1 else "",
            next_url=self.address(page=number + 1) if has_next else "",
            first_url=self.address(page=None),
            total=total,
            links=links,
        )

    def address(self, **changes: Any) -> str:
        """This page's query with some parameters changed. Any change but the page's own goes back to the first page."""
        query = self.request.GET.copy()
        query.pop("page", None)
        for name, value in changes.items():
            query.pop(name, None)
            if value not in (None, 1 if name == "page" else None):
                query[name] = str(value)
        return f"?{query.urlencode()}"

    # Filters ---------------------------------------------------------------------------------------------------------

    @property
    def selected_filters(self) -> list[dict[str, str]]:
        """What is filtered by, each with the address without it."""
        if self.filter_form is None:
            return []
        selected = []
        for label, answer, parameters in self.filter_form.selected():
            query = self.request.GET.copy()
            query.pop("page", None)
            for name, value in parameters:
                query.setlist(name, [kept for kept in query.getlist(name) if value and kept != value])
            selected.append({"label": label, "answer": answer, "remove_url": f"?{query.urlencode()}"})
        return selected

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        page = context["page"]
        context["rows"] = [list(self.cells(record)) for record in page]
        context["selected_filters"] = self.selected_filters
        # The sort survives a new filter; the page number does not, because other rows are on it now.
        context["kept_parameters"] = [("sort", self.request.GET["sort"])] if "sort" in self.request.GET else []
        return context


def reversed_order(field: str) -> str:
    return field[1:] if field.startswith("-") else f"-{field}"
