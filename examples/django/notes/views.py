"""GET lists the notes, one a line; POST adds the body as one more."""
from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from notes.models import Note


@csrf_exempt
@require_http_methods(["GET", "POST"])
def notes(request):
    if request.method == "POST":
        Note.objects.create(text=request.body.decode()[:200])
    lines = Note.objects.order_by("id").values_list("text", flat=True)
    return HttpResponse("".join(f"{line}\n" for line in lines), content_type="text/plain")
