"""The addresses of the limit."""

from django.urls import path

from . import views

urlpatterns = [
    path("door/", views.door),
    path("home/", views.home),
    path("every/", views.every),
    path("mine/", views.mine),
    path("detail/<str:reference>/", views.detail),
    path("submit/", views.submit),
    path("decide/<str:reference>/", views.decide),
]
