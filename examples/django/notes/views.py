"""GET lists the notes, one a line; POST adds the body as one more. Uploads are files; the count is cached for a while."""
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.http import FileResponse, HttpResponse, HttpResponseNotFound
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from notes.models import Note


@csrf_exempt
@require_http_methods(["GET", "POST"])
def notes(request):
    if request.method == "POST":
        Note.objects.create(text=request.body.decode()[:200])
    lines = Note.objects.order_by("id").values_list("text", flat=True)
    response = HttpResponse("".join(f"{line}\n" for line in lines), content_type="text/plain")
    if hasattr(request, "session"):
        request.session["visits"] = request.session.get("visits", 0) + 1
        response["X-Visits"] = request.session["visits"]
    return response


def count(request):
    number = cache.get_or_set("count", Note.objects.count, 60)
    return HttpResponse(f"{number}\n", content_type="text/plain")


@csrf_exempt
@require_http_methods(["GET", "PUT"])
def upload(request, name):
    if request.method == "PUT":
        default_storage.delete(name)
        default_storage.save(name, ContentFile(request.body))
    elif not default_storage.exists(name):
        return HttpResponseNotFound()
    return FileResponse(default_storage.open(name), content_type="application/octet-stream")
