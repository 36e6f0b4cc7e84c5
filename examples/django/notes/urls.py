from django.urls import path

from notes import views

urlpatterns = [path("", views.notes), path("count", views.count), path("uploads/<slug:name>", views.upload)]
