module org.example.app {
    requires org.boomiauth;
}
